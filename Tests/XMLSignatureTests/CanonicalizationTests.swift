import Foundation
import TestSupport
import Testing

@testable import XMLSignature

@Suite struct CanonicalizationTests {
  /// No comments in these: xmllint keeps them.
  static let tricky = [
    "<a/>",
    "<?xml version=\"1.0\"?>\n<a  b = 'x'   a=\"y\" >\n</a >\n",
    "<p:a xmlns:unused=\"urn:u\" xmlns:p=\"urn:p\" xmlns=\"urn:d\"><b/><p:c/></p:a>",
    "<a xmlns=\"urn:d\"><b xmlns=\"\"><c xmlns=\"urn:d\"/></b></a>",
    "<a xmlns:p=\"urn:1\"><p:b><c xmlns:p=\"urn:2\"><p:d/></c></p:b></a>",
    "<a xmlns:z=\"urn:a\" xmlns:y=\"urn:b\" z:k=\"1\" y:k=\"2\" k=\"3\" j=\"4\" xml:lang=\"fi\"><b xml:space=\"preserve\"> </b></a>",
    "<a><![CDATA[<&>]]>x<![CDATA[]]></a>",
    "<a b=\"&#13;&#10;&#9;&amp;&lt;&gt;&quot;&apos;'\">&#13;&#10;&#9;&amp;&lt;&gt;&quot;&apos;\"</a>",
    "<a b=\"1\r\n2\t3\r4\">1\r\n2\r3</a>",
    "<ä ö=\"å\">\u{1F600} \u{85}\u{2028}</ä>",
    "<a b=\"   spaces   \"/>",
    "<e:a xmlns:e=\"urn:e\"><b xmlns:f=\"urn:f\" f:x=\"1\"><f:c xmlns:f=\"urn:g\" f:x=\"2\"/></b><b xmlns:f=\"urn:f\"/></e:a>",
    "<a xmlns=\"urn:d\" xmlns:p=\"urn:d\" p:x=\"1\" x=\"2\"><p:b/></a>",
    "<a xml:id=\"i\" xml:base=\"urn:base\"><b xml:base=\"c/\"/></a>",
  ]

  @Test("Both canonical forms are those of xmllint", arguments: tricky)
  func xmllint(document: String) async throws {
    let parsed = try XMLDocument(parsing: document.octets)
    for (method, option) in [(CanonicalizationMethod.inclusive, "--c14n"), (.exclusive, "--exc-c14n")] {
      let result = try await run("xmllint", ["--nonet", option, "-"], input: document.octets)
      #expect(result.succeeded, "\(result.standardError)")
      #expect(String(decoding: try parsed.canonicalized(method), as: UTF8.self) == result.standardOutput)
    }
  }

  @Test("Canonical octets are their own canonical form", arguments: tricky)
  func idempotent(document: String) throws {
    for method in [CanonicalizationMethod.inclusive, .exclusive] {
      let octets = try XMLDocument(parsing: document.octets).canonicalized(method)
      #expect(try XMLDocument(parsing: octets).canonicalized(method) == octets)
    }
  }

  func canonical(
    _ document: String, _ method: CanonicalizationMethod = .inclusive, at path: [Int] = [], omitting omitted: [Int]? = nil
  ) throws -> String {
    String(
      decoding: try XMLDocument(parsing: document.octets).canonicalized(method, elementAt: path, omitting: omitted), as: UTF8.self)
  }

  @Test("Comments go, in and around the root, and text joins")
  func comments() throws {
    #expect(try canonical("<!-- 1 --><a>x<!-- 2 -->y</a><!-- 3 -->") == "<a>xy</a>")
  }

  @Test("An element in its context shows what it inherits in the inclusive form only")
  func subtree() throws {
    let document = "<e:a xmlns:e=\"urn:e\" xmlns=\"urn:d\" xml:lang=\"fi\"><x/><b><e:c/>t</b></e:a>"
    #expect(
      try canonical(document, .inclusive, at: [1]) == "<b xmlns=\"urn:d\" xmlns:e=\"urn:e\" xml:lang=\"fi\"><e:c></e:c>t</b>")
    #expect(try canonical(document, .exclusive, at: [1]) == "<b xmlns=\"urn:d\"><e:c xmlns:e=\"urn:e\"></e:c>t</b>")
  }

  @Test("An element that is left out leaves the text around it")
  func omission() throws {
    let document = "<a> <b>1<s>2<t/></s>3</b> <s/></a>"
    #expect(try canonical(document, at: [], omitting: [0, 0]) == "<a> <b>13</b> <s></s></a>")
    #expect(try canonical(document, at: [0], omitting: [0, 0]) == "<b>13</b>")
    #expect(try canonical(document, at: [], omitting: [1]) == "<a> <b>1<s>2<t></t></s>3</b> </a>")
  }

  @Test("XML-CANONICAL-FORM: a relative namespace name has none, and nothing is printed")
  func relativeNamespace() async throws {
    for method in [CanonicalizationMethod.inclusive, .exclusive] {
      await expectRefusal(.canonicalForm) { try canonical("<a xmlns=\"relative/name\"/>", method) }
    }
  }

  @Test("XML-CANONICAL-FORM: a canonical form that grows out of proportion is refused")
  func amplification() async throws {
    let name = "urn:" + String(repeating: "n", count: 10_000)
    let document = "<a xmlns:p=\"\(name)\">" + String(repeating: "<p:b/>", count: 5_000) + "</a>"
    #expect(try canonical(document, .inclusive).utf8.count < 100_000)
    await expectRefusal(.canonicalForm) { try canonical(document, .exclusive) }
  }
}
