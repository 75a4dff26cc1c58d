import CertificateService
import Foundation
import Secrets
import Synchronization
import Testing
import X509

/// A transport that gives one prepared answer and remembers what it was asked.
final class ScriptedTransport: ServiceTransport {
  struct Posted: Sendable {
    let body: [UInt8]
    let endpoint: String
    let headers: [String: String]
  }

  private let outcome: Result<ServiceReply, any Error>
  private let memory = Mutex<[Posted]>([])

  var posted: [Posted] { memory.withLock { $0 } }

  init(throwing error: any Error) { outcome = .failure(error) }

  init(_ body: String, status: Int = 200, contentType: String? = "text/xml; charset=utf-8") {
    outcome = .success(ServiceReply(status: status, contentType: contentType, body: Array(body.utf8)))
  }

  func post(_ body: [UInt8], to endpoint: String, headers: [(name: String, value: String)]) async throws -> ServiceReply {
    memory.withLock {
      $0.append(Posted(body: body, endpoint: endpoint, headers: Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) })))
    }
    return try outcome.get()
  }
}

extension CertificateService {
  /// The service of these tests, at their time.
  static func scripted(_ transport: ScriptedTransport, signers: TrustAnchors = TestAuthorities.responseSigners) -> CertificateService {
    CertificateService(environment: .test, transport: transport, responseSigners: signers, now: { TestAuthorities.now })
  }
}

/// Requests that are good enough to be sent.
enum TestRequests {
  static let password = "Pw<8a&1d4u3>HhOq"

  static func credentials() throws -> TransferCredentials {
    try TransferCredentials(id: "12345678901234567890123456789012", password: SecretBytes(copying: Array(password.utf8)))
  }

  static func customer() throws -> Customer { try Customer(id: TestAuthorities.customerID, name: "Ab Demo Oy") }

  static func signNew() throws -> SignNewCertificateRequest {
    try SignNewCertificateRequest(
      environment: .test, customer: customer(), credentials: credentials(), certificateRequestDER: [0x30, 0x01, 0x02])
  }

  static func renew() throws -> RenewCertificateRequest {
    try RenewCertificateRequest(environment: .test, customer: customer(), certificateRequestDER: [0x30, 0x01, 0x02])
  }

  static func get() throws -> GetCertificateRequest {
    GetCertificateRequest(environment: .test, customer: try customer(), retrievalID: try RetrievalID("R-1"))
  }
}

/// Runs `body` and returns the error of this room that it must throw.
func refusal<Value>(
  _ body: () async throws -> Value, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> CertificateServiceError {
  try #require(await #expect(throws: CertificateServiceError.self, sourceLocation: sourceLocation) { _ = try await body() })
}
