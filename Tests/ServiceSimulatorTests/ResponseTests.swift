import Foundation
import TestSupport
import Testing
import X509

@testable import ServiceSimulator

@Suite("Responses")
struct ResponseTests {
  /// One of each kind: three OKs and three FAILs.
  private func responses(_ bench: Workbench) async throws -> [Workbench.Reply] {
    let ordered = try await bench.signNew()
    let id = try #require(ordered.value("RetrievalId"))
    return [
      ordered, try await bench.get(id), try await bench.renew(with: try await bench.customerCertificate()),
      try await bench.signNew(), try await bench.get("nothing"),
      try await bench.renew(with: try await bench.customerCertificate(daysAgo: 0)),
    ]
  }

  @Test("Every response, FAIL too, is a stand-alone signed document that xmlsec1 verifies to the services' root")
  func signatures() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { bench in
      let replies = try await responses(bench)
      #expect(replies.map(\.isOK) == [true, true, true, false, false, false])
      for reply in replies {
        #expect(reply.status == 200)
        #expect(try await bench.xmlsecVerifies(reply.payload), "\(reply.payload.prefix(300))")
      }
    }
  }

  @Test(
    "Every response is valid by the official schema",
    .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)))
  func schema() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { bench in
      let replies = try await responses(bench)
      for reply in replies { #expect(try await bench.schemaAccepts(reply.payload), "\(reply.payload.prefix(300))") }
    }
  }

  @Test("A response is written in the agency's house style")
  func houseStyle() async throws {
    try await Workbench.with { bench in
      let reply = try await bench.signNew()
      #expect(reply.head.lowercased().contains("content-type: text/xml; charset=utf-8"))
      let opening = "<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\"><SOAP-ENV:Header/><SOAP-ENV:Body>"
      #expect(reply.body == opening + reply.payload + "</SOAP-ENV:Body></SOAP-ENV:Envelope>")
      #expect(reply.payload.hasPrefix("<ser:SignNewCertificateResponse xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:ser="))
      #expect(!reply.payload.contains("SOAP-ENV"))
      #expect(reply.payload.components(separatedBy: "<ds:Signature>").count == 2)
      let transforms = reply.payload.matches(of: /<ds:Transform Algorithm="([^"]*)"/).map { String($0.output.1) }
      #expect(transforms == ["http://www.w3.org/2000/09/xmldsig#enveloped-signature"])
      #expect(reply.payload.contains("CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\""))
      for name in ["ds:SignatureValue", "ds:X509Certificate"] {
        let lines = try #require(reply.value(name)).components(separatedBy: "&#13;\n")
        #expect(lines.count > 3 && lines.dropLast().allSatisfy { $0.count == 76 } && lines.allSatisfy { !$0.contains("&") })
      }
    }
  }
}
