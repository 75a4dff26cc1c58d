import CertificateService
import HTTPSTransport

/// Lets the certificate service speak through ``HTTPSTransport``, which knows nothing of it.
struct TransportAdapter: ServiceTransport {
  let transport: HTTPSTransport

  func post(_ body: [UInt8], to endpoint: String, headers: [(name: String, value: String)]) async throws -> ServiceReply {
    do {
      let response = try await transport.post(body, to: endpoint, headers: headers)
      return ServiceReply(status: response.status, contentType: response.contentType, body: response.body)
    } catch {
      throw TransportFailure(
        requestMayHaveBeenSent: error.requestMayHaveBeenSent, answerWasRefused: error.answerWasRefused, message: error.message,
        hint: error.hint, underlying: error)
    }
  }
}

extension HTTPSTransportError {
  /// Whether an answer came and was refused for what it was, as against no answer.
  var answerWasRefused: Bool { rule == .redirect || rule == .responseSize }
}
