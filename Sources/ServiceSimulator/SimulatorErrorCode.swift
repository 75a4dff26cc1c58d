/// Why the service refuses a request that has the right form: the `ErrorCode` of a FAIL.
///
/// Only PKI020 is a real code of the agency's; the meanings of the others are not public, so every other code here is plainly
/// artificial. ``ServiceSimulator/Configuration/errorCodes`` replaces them.
public struct SimulatorErrorCode: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// The code as it is sent, at most 16 characters.
  public let rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ rawValue: String) { self.rawValue = rawValue }

  public var description: String { rawValue }

  /// The transfer credentials are wrong: unknown id, wrong password, another customer's, another environment's, older than 14
  /// days, or used before. The answer does not say which.
  public static let transferCredentials = SimulatorErrorCode("PKI020")
  /// The certificate is not ready yet; ask again.
  public static let notReady = SimulatorErrorCode("SIM101")
  /// No request of this customer has this RetrievalId.
  public static let unknownRetrieval = SimulatorErrorCode("SIM102")
  /// The request is for the other environment.
  public static let environment = SimulatorErrorCode("SIM103")
  /// The certificate request is not a PKCS#10 request that can be read.
  public static let certificateRequest = SimulatorErrorCode("SIM201")
  /// The certificate request's own signature does not verify.
  public static let certificateRequestIntegrity = SimulatorErrorCode("SIM202")
  /// The key is not of a kind and size that are accepted.
  public static let keyPolicy = SimulatorErrorCode("SIM203")
  /// The renewal has no valid signature over what it asks for.
  public static let renewalSignature = SimulatorErrorCode("SIM301")
  /// The certificate that signed the renewal was not issued by this service.
  public static let renewalIssuer = SimulatorErrorCode("SIM302")
  /// The certificate that signed the renewal has expired, or is not valid yet.
  public static let renewalExpired = SimulatorErrorCode("SIM303")
  /// The certificate that signed the renewal is revoked.
  public static let renewalRevoked = SimulatorErrorCode("SIM304")
  /// The certificate that signed the renewal is another customer's.
  public static let renewalCustomer = SimulatorErrorCode("SIM305")
  /// The renewal window has not opened: it opens 60 days before the certificate expires.
  public static let renewalWindow = SimulatorErrorCode("SIM306")
  /// At the test bench: the certificate that signed the renewal is not for the bench's own key for that.
  public static let renewalBenchKey = SimulatorErrorCode("SIM307")
  /// The request breaks the schema. Sent only where faults are switched off for that.
  public static let schema = SimulatorErrorCode("SIM901")
  /// A failure that was asked for, see the faults.
  public static let requested = SimulatorErrorCode("SIM999")

  public static let allCases: [SimulatorErrorCode] = [
    .transferCredentials, .notReady, .unknownRetrieval, .environment, .certificateRequest, .certificateRequestIntegrity, .keyPolicy,
    .renewalSignature, .renewalIssuer, .renewalExpired, .renewalRevoked, .renewalCustomer, .renewalWindow, .renewalBenchKey,
    .schema, .requested,
  ]
}

/// A refusal on its way into a FAIL.
struct ServiceRefusal: Error {
  let code: SimulatorErrorCode
  /// The ErrorMessage, at most 255 characters, never with a secret.
  let message: String

  init(_ code: SimulatorErrorCode, _ message: String) {
    self.code = code
    self.message = message
  }
}
