import CertificateService
import Foundation
import Secrets
import Testing

@Suite("The transfer password")
struct TransferPasswordTests {
  @Test("1 to 16 characters of UTF-8 are taken", arguments: ["a", "0123456789abcdef", "\u{1F600}\u{1F600}", "ä <&>"])
  func accepted(text: String) throws {
    _ = try TransferCredentials(id: "1", password: SecretBytes(copying: Array(text.utf8)))
  }

  @Test(
    "REQUEST-TEXT a bad password is refused without a word about what it holds",
    arguments: [
      Array("".utf8), Array("SECRETSECRETSECRE".utf8), Array("SECRET\tX".utf8), Array("SECRET\u{1}".utf8), [0x53, 0x45, 0xFF],
      Array(String(repeating: "SECRET", count: 100).utf8),
    ])
  func refused(bytes: [UInt8]) throws {
    let error = #expect(throws: CertificateServiceError.self) {
      try TransferCredentials(id: "1", password: SecretBytes(copying: bytes))
    }
    let shown = try #require(error).description + String(reflecting: error)
    #expect(error?.rule == .requestText)
    #expect(!shown.contains("SEC"))
    #expect(!shown.contains("U+"))
  }

  @Test("it is in the document, escaped, and in no description, reflection or error")
  func nowhereElse() async throws {
    let request = try TestRequests.signNew()
    let escaped = "Pw&lt;8a&amp;1d4u3&gt;HhOq"
    request.withDocument { #expect(String(decoding: $0, as: UTF8.self).contains("<TransferPassword>\(escaped)</TransferPassword>")) }
    var shown = "\(request) \(request.credentials) \(String(reflecting: request)) \(String(reflecting: request.credentials))"
    dump(request, to: &shown)
    let failures: [ScriptedTransport] = [
      ScriptedTransport(throwing: TransportFailure(requestMayHaveBeenSent: true, message: "timeout")),
      ScriptedTransport("<html/>", status: 502, contentType: "text/html"), ScriptedTransport("nonsense"),
      ScriptedTransport(HouseStyleResponse.fault("no")), ScriptedTransport(throwing: CancellationError()),
      ScriptedTransport(try await HouseStyleResponse(content: HouseStyleResponse.fail([("PKI020", "no")])).enveloped()),
    ]
    for transport in failures {
      let error = try await refusal { try await CertificateService.scripted(transport).signNew(request) }
      shown += error.description + String(reflecting: error) + (error.hint ?? "")
      dump(error, to: &shown)
    }
    for form in [TestRequests.password, escaped, "8a&1d4u3", Data(TestRequests.password.utf8).base64EncodedString()] {
      #expect(!shown.contains(form))
    }
  }
}
