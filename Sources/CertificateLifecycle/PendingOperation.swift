import CertificateService
public import Foundation

/// An enrolment, a renewal or an import that has begun and not ended.
public struct PendingOperation: Codable, Sendable, Hashable {
  /// What was begun. An open set.
  public struct Kind: RawRepresentable, Hashable, Sendable, Codable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A first certificate, by the transfer credentials of an order.
    public static let enrolment = Kind(rawValue: "enrolment")
    /// The next certificate, signed for with the key of the one in use.
    public static let renewal = Kind(rawValue: "renewal")
    /// A certificate that came another way.
    public static let `import` = Kind(rawValue: "import")
  }

  /// What a signed FAIL said.
  public struct Refusal: Codable, Sendable, Hashable {
    /// Each code with its text, as the service signed them; empty where it gave none.
    public let codes: [Code]
    /// When it came, by this machine's clock.
    public let at: Date

    /// A code with its text.
    public struct Code: Codable, Sendable, Hashable {
      /// `ErrorCode`.
      public let code: String
      /// `ErrorMessage`, in the service's own words.
      public let message: String
    }

    init(_ information: [ServiceErrorInformation], at: Date) {
      codes = information.map { Code(code: $0.code, message: $0.message) }
      self.at = at
    }
  }

  /// What was begun.
  public let kind: Kind
  /// How far it has come: one of the states of ``LifecycleMachine`` that are on disk. *active* means that the certificate is in use and its
  /// file written, and that the program that is to hear of it (`after-change`) has not ended well yet.
  public internal(set) var stage: LifecycleState
  /// When it was begun.
  public let startedAt: Date
  /// `CKA_LABEL` of the key.
  public let keyName: String
  /// The kind of key, as the configuration named it when the key was made.
  public internal(set) var algorithm: String?
  /// `CKA_ID` of the new key, in hexadecimal, once it exists.
  public internal(set) var keyIdentifier: String?
  /// The certificate request (PKCS#10), DER.
  public internal(set) var certificateRequest: Data?
  /// SHA-256 of the transfer id that the request was sent with: tells new transfer credentials from used ones.
  public internal(set) var transferIDDigest: String?
  /// The same of transfer ids before that one whose outcome is not known either.
  public internal(set) var earlierTransferIDDigests: [String]?
  /// When the request left, or was about to.
  public internal(set) var sentAt: Date?
  /// The id with which the certificate is fetched, once the service has given one.
  public internal(set) var retrievalID: String?
  /// Whether the certificate came with an id that a person gave, for a request of which nobody knew whether it was carried out.
  public internal(set) var wasUncertain: Bool?
  /// The certificate that came, DER.
  public internal(set) var certificate: Data?
  /// The last signed FAIL, until something comes after it.
  public internal(set) var refusal: Refusal?

  init(kind: Kind, keyName: String, startedAt: Date) {
    self.kind = kind
    self.keyName = keyName
    self.startedAt = startedAt
    stage = .planned
  }

  /// Where it stands: the stage, or *refused* where the last thing that came was a signed FAIL.
  public var state: LifecycleState { refusal == nil ? stage : .refused }

  /// Whether the service may have acted on a request whose answer we do not have.
  public var isUncertain: Bool { stage == .aboutToSend || stage == .uncertain }

  /// Whether nothing of it has reached the service, or the service has said that it did nothing.
  public var isUnsent: Bool { stage == .planned || stage == .keyMade || stage == .requestMade }

  /// Whether the certificate is in use, and only the program that hears of the change is missing.
  public var waitsForUsersOnly: Bool { stage == .active }

  /// Whether it can be dropped: its certificate is not the one in use.
  var canBeAbandoned: Bool { stage != .stored && !waitsForUsersOnly }

  /// The command that goes on from here.
  public var nextCommand: String { isUnsent || isUncertain ? (kind == .renewal ? "renew" : "enrol") : "fetch" }

  /// Whether a request with these transfer credentials may already have been carried out.
  func mayHaveSpent(transferIDDigest digest: String) -> Bool {
    isUncertain && (transferIDDigest == digest || earlierTransferIDDigests?.contains(digest) == true)
  }

  /// The same key and request for a first certificate, when the one that was to be renewed has expired.
  func asEnrolment(startedAt: Date) -> PendingOperation {
    var enrolment = PendingOperation(kind: .enrolment, keyName: keyName, startedAt: startedAt)
    enrolment.algorithm = algorithm
    enrolment.keyIdentifier = keyIdentifier
    enrolment.certificateRequest = certificateRequest
    enrolment.stage = certificateRequest != nil ? .requestMade : keyIdentifier != nil ? .keyMade : .planned
    return enrolment
  }
}
