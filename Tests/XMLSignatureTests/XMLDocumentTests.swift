import Foundation
import TestSupport
import Testing

@testable import XMLSignature

@Suite struct XMLDocumentTests {
  func parse(_ text: String, _ limits: XMLLimits = .standard) throws -> XMLElement {
    try XMLDocument(parsing: text.octets, limits: limits).root
  }

  // MARK: What is read

  @Test("Names, prefixes, attributes and text are read")
  func reading() throws {
    let root = try parse("<p:a xmlns:p=\"urn:p\" xmlns=\"urn:d\" x=\"1&#10;&amp;2\" p:x='3'>t<b/>u<c xmlns=\"\"/></p:a>")
    #expect(root.name == XMLName(namespace: "urn:p", "a") && root.prefix == "p")
    #expect(root.attributes == [XMLName("x"): "1\n&2", XMLName(namespace: "urn:p", "x"): "3"])
    #expect(root.text == "tu")
    #expect(root.elements.map(\.name) == [XMLName(namespace: "urn:d", "b"), XMLName("c")])
    #expect(root.children.count == 4 && root.children[2] == .text("u"))
    #expect(root.element(at: [1])?.name == XMLName("c") && root.element(at: [2]) == nil && root.element(at: [-1]) == nil)
  }

  @Test(
    "Text that comments, CDATA and references split is one piece",
    arguments: ["<Id>12<!-- -->34</Id>", "<Id>12<![CDATA[34]]></Id>", "<Id><![CDATA[1]]><!--x-->2&#51;<!----><!--y-->4</Id>"])
  func joinedText(document: String) throws {
    let root = try parse(document)
    #expect(root.text == "1234")
    #expect(root.children == [.text("1234")])
  }

  @Test("A comment in a signed value changes neither the value that is read nor the signature")
  func commentInSignedValue() async throws {
    let signed = try await SigningFixture.signed("<a><Id>1234</Id></a>")
    let commented = signed.replacing(one: "<Id>1234</Id>", with: "<Id>12<!-- -->34</Id>")
    let verified = try EnvelopedSignatureVerifier().verify(commented.octets)
    #expect(verified.root.elements[0].children == [.text("1234")])
    #expect(String(decoding: verified.signedOctets, as: UTF8.self) == "<a><Id>1234</Id></a>")
  }

  @Test("Line ends are line feeds, and carriage returns by reference stay")
  func lineEnds() throws {
    #expect(try parse("<a>1\r\n2\r3&#13;4</a>").text == "1\n2\n3\r4")
  }

  @Test(
    "A byte order mark and a declaration of UTF-8 are taken",
    arguments: [
      "\u{FEFF}<a/>", "<?xml version=\"1.0\"?><a/>", "<?xml version='1.0' encoding='utf-8' standalone='no' ?>\n<a/>\n<!-- end -->\n",
    ])
  func prologues(document: String) throws { #expect(try parse(document).name == XMLName("a")) }

  // MARK: What is refused

  @Test("XML-SIZE: a document has at most the limit's octets, and one at least")
  func size() async throws {
    let text = "<a>" + String(repeating: "x", count: 100) + "</a>"
    #expect(try parse(text, XMLLimits(maximumBytes: 107)).text.count == 100)
    await expectRefusal(.size) { try parse(text, XMLLimits(maximumBytes: 106)) }
    await expectRefusal(.size) { try parse("") }
    await expectRefusal(.size) { try parse("<a>" + String(repeating: "x", count: 1 << 20) + "</a>") }
  }

  @Test("XML-ENCODING: other encodings, versions and forbidden characters are refused")
  func encoding() async throws {
    for document in [
      "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>", "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>",
      "<?xml version=\"1.1\"?><a/>", "<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>", "<a>\u{0}</a>", "<a>\u{1}</a>", "<a>\u{FFFE}</a>",
      "<a>\u{FFFF}</a>", "<a b=\"\u{B}\"/>", "<?xml version=\"1.0\" something=\"else\"?><a/>",
    ] {
      await expectRefusal(.encoding) { try parse(document) }
    }
    for octets: [UInt8] in [
      Array("<a>".utf8) + [0xE4] + Array("</a>".utf8), Array("<a>".utf8) + [0xC0, 0x80] + Array("</a>".utf8),
      Array("<a>".utf8) + [0xED, 0xA0, 0x80] + Array("</a>".utf8), [0xFF, 0xFE, 0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E, 0],
      [0xFE, 0xFF, 0, 0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E], [0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E, 0], [0x4C, 0x6F, 0xA7, 0x94],
    ] {
      await expectRefusal(.encoding) { try XMLDocument(parsing: octets) }
    }
  }

  @Test("XML-DTD: document types, with them entity bombs and external entities, are refused")
  func documentType() async throws {
    let folder = try TemporaryFolder()
    let secret = try folder.write("secret".utf8, to: "secret.txt")
    for document in [
      "<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM \"http://127.0.0.1:9/a.dtd\"><a/>", "<!DOCTYPE a []><a/>",
      "<!DOCTYPE a [<!ENTITY x SYSTEM \"file://\(secret)\">]><a>&x;</a>",
      "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;\">]><a>&d;</a>",
      "<!DOCTYPE a [<!ATTLIST a b CDATA \"default\">]><a/>", "<!DOCTYPE a [<!ENTITY % p SYSTEM \"file://\(secret)\"> %p;]><a/>",
      "<a/><!DOCTYPE a>", "<a><!ENTITY x \"y\"></a>", "<!doctype a><a/>", "\u{FEFF}<!-- c --><!DOCTYPE a><a/>",
    ] {
      await expectRefusal(.documentType) { try parse(document) }
    }
  }

  @Test("XML-PROCESSING-INSTRUCTION: processing instructions are refused, wherever they stand")
  func processingInstruction() async throws {
    for document in [
      "<?p?><a/>", "<a><?p q?></a>", "<a/><?p?>", "<?xml version=\"1.0\"?><?xml-stylesheet href=\"x\"?><a/>",
      " <?xml version=\"1.0\"?><a/>",
    ] {
      await expectRefusal(.processingInstruction) { try parse(document) }
    }
  }

  @Test("XML-DEPTH: elements nest at most the limit deep")
  func depth() async throws {
    func nested(_ depth: Int) -> String { String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth) }
    #expect(try parse(nested(64)).elements.count == 1)
    await expectRefusal(.depth) { try parse(nested(65)) }
    await expectRefusal(.depth) { try parse(nested(100_000)) }
    await expectRefusal(.depth) { try parse("<a><b/></a>", XMLLimits(maximumDepth: 1)) }
  }

  @Test("XML-NODES: a document has at most the limit's nodes")
  func nodes() async throws {
    #expect(try parse("<a>1<b/>2</a>", XMLLimits(maximumNodes: 4)).children.count == 3)
    await expectRefusal(.nodes) { try parse("<a>1<b/>2</a>", XMLLimits(maximumNodes: 3)) }
    await expectRefusal(.nodes) { try parse("<a>" + String(repeating: "<b/>", count: 100_000) + "</a>") }
  }

  @Test("XML-ATTRIBUTES: an element has at most the limit's attributes")
  func attributes() async throws {
    func element(_ count: Int) -> String { "<a" + (0..<count).map { " b\($0)=\"\"" }.joined() + "/>" }
    #expect(try parse(element(64)).attributes.count == 64)
    await expectRefusal(.attributes) { try parse(element(65)) }
    await expectRefusal(.attributes) { try parse(element(80_000)) }
  }

  @Test("XML-NAMESPACES: at most the limit's declarations are in scope")
  func namespaces() async throws {
    func nested(_ depth: Int) -> String {
      (0..<depth).map { "<a xmlns:n\($0)=\"urn:\($0)\">" }.joined() + String(repeating: "</a>", count: depth)
    }
    #expect(try parse(nested(32)).elements.count == 1)
    await expectRefusal(.namespaces) { try parse(nested(33)) }
    #expect(try parse("<a>" + String(repeating: "<b xmlns=\"urn:b\"/>", count: 100) + "</a>").elements.count == 100)
  }

  @Test(
    "XML-WELL-FORMED: what is not well-formed is refused",
    arguments: [
      "a", " ", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a/>x", "x<a/>", "<a b/>", "<a b=c/>", "<a b=\"1\" b=\"2\"/>", "<a b=\"1\"c=\"2\"/>",
      "<a b=\"<\"/>", "<a>&x;</a>", "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>& </a>", "<a>]]></a>", "<a><!-- -- --></a>",
      "<a><!-- </a>", "<a><![CDATA[</a>", "<p:a/>", "<a p:b=\"\"/>", "<a xmlns:p=\"urn:p\" xmlns:q=\"urn:p\" p:b=\"\" q:b=\"\"/>",
      "<a xmlns:p=\"\"/>", "<a xmlns:xmlns=\"urn:x\"/>", "<a:b:c xmlns:a=\"urn:a\"/>", "<1/>", "< a/>", "<a / >", "<a", "<", "<a b=\"",
      "<a/", "<a>&#xFFFE;</a>",
      "<a b=\"&x;\"/>", "<a><b></a></b>", "<?xml version=\"1.0\"", "<?xml encoding=\"UTF-8\"?><a/>", "<?xml ?><a/>", "<![CDATA[x]]>",
      "<a/><![CDATA[x]]>",
    ])
  func wellFormed(document: String) async { await expectRefusal(.wellFormed) { try parse(document) } }

  @Test("XML-WELL-FORMED: the message is libxml2's, in one line")
  func message() {
    let error = #expect(throws: XMLSignatureError.self) { try parse("<a>\n<b></ä></a>") }
    #expect(error?.message.hasPrefix("line 2: Opening and ending tag mismatch") == true)
    #expect(error?.message.contains("\n") == false)
    #expect(error?.description.hasSuffix("[XML-WELL-FORMED]") == true)
  }

  @Test("Documents are parsed and canonicalized on many threads at once, each with its own errors")
  func threads() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      let shared = try XMLDocument(parsing: SigningFixture.unsigned.octets)
      let expected = try shared.canonicalized()
      for index in 0..<200 {
        group.addTask {
          let octets = try shared.canonicalized()
          #expect(octets == expected)
          let error = #expect(throws: XMLSignatureError.self) { try parse("<a>" + String(repeating: "\n", count: index) + "</b>") }
          #expect(error?.message.hasPrefix("line \(index + 1):") == true)
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("Nothing is ever written to standard output or standard error")
  func silence() async throws {
    let result = try await #require(
      processExitsWith: .success, observing: [\.standardErrorContent, \.standardOutputContent]
    ) {
      for document in ["<a>", "<p:a/>", "<a xmlns=\"x\"/>", "<a>&x;</a>", "<a xml:id=\"1\"/>", "<a xmlns:p=\"\"/>", "<!DOCTYPE a><a/>"] {
        let parsed = try? XMLDocument(parsing: document.octets)
        _ = try? parsed?.canonicalized(.inclusive)
        _ = try? parsed?.canonicalized(.exclusive)
      }
    }
    #expect(String(decoding: result.standardErrorContent, as: UTF8.self) == "")
    #expect(!String(decoding: result.standardOutputContent, as: UTF8.self).contains("namespace"))
  }

  // MARK: Rules

  @Test("Every rule has a name of its own")
  func ruleNames() {
    #expect(Set(XMLRule.allCases).count == XMLRule.allCases.count && XMLRule.allCases.count == 27)
    #expect(XMLRule.allCases.allSatisfy { $0.rawValue.hasPrefix("XML-") && $0.rawValue == $0.rawValue.uppercased() })
  }
}
