public import Foundation
import SwiftASN1
public import X509

/// All that is known of one certificate: the one in use, those before it, and what is under way.
public struct CertificateRecord: Codable, Sendable, Hashable {
  /// The name in the configuration file.
  public let name: String
  /// The customer that it was first requested for.
  public let customerID: String
  /// The service's environment that it belongs to: `test` or `production`. Nil in states of the first version, until the next operation.
  public internal(set) var environment: String?
  /// The certificate in use.
  public internal(set) var active: InstalledCertificate?
  /// Earlier certificates, the latest first. Their keys stay on the token until somebody retires them.
  public internal(set) var previous: [InstalledCertificate] = []
  /// What has begun and not ended.
  public internal(set) var pending: PendingOperation?

  init(name: String, customerID: String, environment: String) {
    self.name = name
    self.customerID = customerID
    self.environment = environment
  }
}

/// A certificate that was checked and stored beside its key.
public struct InstalledCertificate: Codable, Sendable, Hashable {
  /// `CKA_LABEL` of the key.
  public let keyName: String
  /// `CKA_ID` of the key, in hexadecimal.
  public let keyIdentifier: String
  /// The certificate, DER.
  public let der: Data
  /// When it became the certificate in use, by this machine's clock.
  public let installedAt: Date

  /// The certificate, decoded.
  public func certificate() throws -> Certificate { try Certificate(derEncoded: Array(der)) }
}

/// An enrolment or renewal that has begun and not ended.
public struct PendingOperation: Codable, Sendable, Hashable {
  /// What was begun.
  public enum Kind: String, Codable, Sendable { case enrolment, renewal }

  /// How far it has come. Each stage is on disk before the act that follows it.
  public enum Stage: String, Codable, Sendable {
    /// The key has been named and is about to be generated.
    case planned
    /// The request is made and signed; nothing has left.
    case requestMade = "request-made"
    /// The request is about to leave, or has left, and no trustworthy answer is known.
    case sending
    /// The service has accepted it and given a retrieval id.
    case sent
    /// The certificate is here and checked; it is about to be stored beside its key.
    case received
    /// The certificate is the one in use; it is about to be written to the file for its users.
    case installed
  }

  /// What was begun.
  public let kind: Kind
  /// How far it has come.
  public internal(set) var stage: Stage
  /// When it was begun.
  public let startedAt: Date
  /// `CKA_LABEL` of the key.
  public let keyName: String
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
  /// The certificate that came, DER.
  public internal(set) var certificate: Data?

  init(kind: Kind, keyName: String, startedAt: Date) {
    self.kind = kind
    self.keyName = keyName
    self.startedAt = startedAt
    stage = .planned
  }

  /// Whether the service may have acted on a request whose answer we do not have.
  public var isUncertain: Bool { stage == .sending }

  /// The command that goes on from here.
  var nextCommand: String {
    switch stage {
    case .planned, .requestMade, .sending: kind == .renewal ? "renew" : "enrol"
    case .sent, .received, .installed: "fetch"
    }
  }

  /// Whether a request with these transfer credentials may already have been carried out.
  func mayHaveSpent(transferIDDigest digest: String) -> Bool {
    isUncertain && (transferIDDigest == digest || earlierTransferIDDigests?.contains(digest) == true)
  }

  /// The same key and request for a first certificate, when the one that was to be renewed has expired.
  func asEnrolment(startedAt: Date) -> PendingOperation {
    var enrolment = PendingOperation(kind: .enrolment, keyName: keyName, startedAt: startedAt)
    enrolment.keyIdentifier = keyIdentifier
    enrolment.certificateRequest = certificateRequest
    enrolment.stage = certificateRequest == nil ? .planned : .requestMade
    return enrolment
  }
}
