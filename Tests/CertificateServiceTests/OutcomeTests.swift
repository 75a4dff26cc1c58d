import CertificateService
import Foundation
import Testing

/// What an error says about a request that must not be repeated.
@Suite("Outcomes")
struct OutcomeTests {
  enum Call: CaseIterable, Sendable {
    case signNew, renew, get
    var responseName: String {
      switch self {
      case .signNew: "SignNewCertificateResponse"
      case .renew: "RenewCertificateResponse"
      case .get: "GetCertificateResponse"
      }
    }
  }

  private func error(_ call: Call, _ transport: ScriptedTransport) async throws -> CertificateServiceError {
    let service = CertificateService.scripted(transport)
    let error = try await refusal {
      switch call {
      case .signNew: _ = try await service.signNew(TestRequests.signNew())
      case .renew:
        let signed = try await TestRequests.renew().signed(by: TestAuthorities.rsaPrivateKey, certificate: TestAuthorities.customer)
        _ = try await service.renew(signed)
      case .get: _ = try await service.certificate(TestRequests.get())
      }
    }
    #expect(transport.posted.count == 1, "one call, one request")
    return error
  }

  @Test("nothing was sent: unreachable, and certain", arguments: Call.allCases)
  func unreachable(call: Call) async throws {
    let failure = TransportFailure(requestMayHaveBeenSent: false, message: "connection refused", hint: "check the address")
    let error = try await error(call, ScriptedTransport(throwing: failure))
    #expect(error.code == .unreachable)
    #expect(!error.outcomeIsUncertain)
    #expect(error.hint == "check the address")
    #expect(error.underlying is TransportFailure)
  }

  @Test("sent without an answer: uncertain, and for the two that must not be repeated so is the outcome", arguments: Call.allCases)
  func timeout(call: Call) async throws {
    struct Unknown: Error {}
    for cause: any Error in [TransportFailure(requestMayHaveBeenSent: true, message: "timeout"), CancellationError(), Unknown()] {
      let error = try await error(call, ScriptedTransport(throwing: cause))
      #expect(error.code == .uncertain)
      #expect(error.outcomeIsUncertain == (call != .get))
      #expect(error.hint != nil)
      #expect(error.underlying != nil)
    }
  }

  @Test("an answer that the transport would not take is untrusted", arguments: Call.allCases)
  func tooLarge(call: Call) async throws {
    let failure = TransportFailure(requestMayHaveBeenSent: true, answerWasRefused: true, message: "more than 1048576 octets")
    let error = try await error(call, ScriptedTransport(throwing: failure))
    #expect(error.code == .untrusted)
    #expect(error.outcomeIsUncertain == (call != .get))
  }

  @Test("an answer that cannot be trusted leaves the same doubt", arguments: Call.allCases)
  func untrusted(call: Call) async throws {
    let error = try await error(call, ScriptedTransport(HouseStyleResponse.envelope(HouseStyleResponse(name: call.responseName).unsigned)))
    #expect(error.code == .untrusted)
    #expect(error.outcomeIsUncertain == (call != .get))
  }

  @Test("RESPONSE-REFUSED a signed FAIL is certain and gives all of its codes", arguments: Call.allCases)
  func refused(call: Call) async throws {
    let content = HouseStyleResponse.fail([("PKI020", "v\u{E4}\u{E4}r\u{E4}t &amp; vanhat"), ("SIM1", "\u{9B}31m&#13;two")])
    let error = try await error(
      call, ScriptedTransport(try await HouseStyleResponse(name: call.responseName, content: content).enveloped()))
    #expect(error.code == .refused)
    #expect(error.rule == .responseRefused)
    #expect(!error.outcomeIsUncertain)
    #expect(error.errorInformation.map(\.code) == ["PKI020", "SIM1"])
    #expect(error.errorInformation.first?.message == "v\u{E4}\u{E4}r\u{E4}t & vanhat")
    #expect(error.message.contains("SIM1: 31m two"))
    #expect(error.hint?.contains("transfer credentials") == true)
  }

  @Test("RESPONSE-REFUSED a FAIL without ErrorInfo is a FAIL", arguments: Call.allCases)
  func refusedSilently(call: Call) async throws {
    let body = try await HouseStyleResponse(name: call.responseName, content: HouseStyleResponse.fail()).enveloped()
    let error = try await error(call, ScriptedTransport(body))
    #expect(error.code == .refused)
    #expect(error.errorInformation.isEmpty)
  }

  @Test("RESPONSE-REFUSED error texts longer than the schema's are still a FAIL, and are cut where they are shown")
  func longText() async throws {
    let content = HouseStyleResponse.fail([(String(repeating: "C", count: 100), String(repeating: "m", count: 5000))])
    let error = try await error(.signNew, ScriptedTransport(try await HouseStyleResponse(content: content).enveloped()))
    #expect(error.code == .refused)
    #expect(error.message.count < 400)
  }

  @Test(
    "RESPONSE-SCHEMA a certificate that is not base64, empty, or larger than 32768 octets",
    arguments: ["A", "AAA", "AA==AA==", "AB==", "A*AA", "&lt;", "", " ", Data(repeating: 0x30, count: 32769).base64EncodedString()])
  func certificateText(text: String) async throws {
    let content = HouseStyleResponse.ok("<Certificate>\(text)</Certificate>")
    let error = try await error(
      .get, ScriptedTransport(try await HouseStyleResponse(name: "GetCertificateResponse", content: content).enveloped()))
    #expect(error.rule == .responseSchema)
    #expect(error.code == .untrusted)
  }

  @Test("RESPONSE-MISSING-ELEMENT, RESPONSE-RESULT for a certificate")
  func certificateRules() async throws {
    let name = "GetCertificateResponse"
    let missing = try await HouseStyleResponse(name: name, content: HouseStyleResponse.ok("")).enveloped()
    #expect(try await error(.get, ScriptedTransport(missing)).rule == .responseMissingElement)
    let both = HouseStyleResponse.fail(answer: "<Certificate>AAAA</Certificate>")
    #expect(
      try await error(.get, ScriptedTransport(try await HouseStyleResponse(name: name, content: both).enveloped())).rule == .responseResult)
  }
}
