public import Foundation
import SwiftASN1
public import X509

/// All that is known of one certificate: the one in use, those before it, and what is under way.
public struct CertificateRecord: Codable, Sendable, Hashable {
  /// The name in the configuration file.
  public let name: String
  /// The customer that it was first requested for.
  public internal(set) var customerID: String
  /// The service's environment that it belongs to: `test` or `production`. Nil in states of the first version, until the next operation.
  public internal(set) var environment: String?
  /// The certificate in use.
  public internal(set) var active: InstalledCertificate?
  /// Earlier certificates, the latest first. Their keys stay on the token until somebody retires them.
  public internal(set) var previous: [InstalledCertificate] = []
  /// What has begun and not ended.
  public internal(set) var pending: PendingOperation?
  /// Where the certificates were seen to be accepted: of the one in use and of those in ``previous``.
  public internal(set) var proofs: [ConsumerProof] = []
  /// The consumers that were cut over, each with the serial number in hexadecimal of the certificate that is in its own file and of which
  /// its own program has heard.
  public internal(set) var toldConsumers: [String: String] = [:]
  /// The serial number, in hexadecimal, of the earlier certificate whose key is being destroyed.
  public internal(set) var retiring: String?
  /// Certificates whose keys were destroyed, the latest first.
  public internal(set) var retired: [RetiredCertificate] = []
  /// Keys that were made for it and left unused on the token: they belong to nothing and can be destroyed.
  public internal(set) var leftKeys: [LeftKey] = []
  /// SHA-256 of transfer ids that were sent with requests that were dropped since: they may be spent, and are not sent again.
  public internal(set) var droppedTransferIDDigests: [String] = []

  init(name: String, customerID: String, environment: String) {
    self.name = name
    self.customerID = customerID
    self.environment = environment
  }

  /// Reads a record; what later versions added is absent from records of earlier ones.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    name = try values.decode(String.self, forKey: .name)
    customerID = try values.decode(String.self, forKey: .customerID)
    environment = try values.decodeIfPresent(String.self, forKey: .environment)
    active = try values.decodeIfPresent(InstalledCertificate.self, forKey: .active)
    previous = try values.decode([InstalledCertificate].self, forKey: .previous)
    pending = try values.decodeIfPresent(PendingOperation.self, forKey: .pending)
    proofs = try values.decodeIfPresent([ConsumerProof].self, forKey: .proofs) ?? []
    toldConsumers = try values.decodeIfPresent([String: String].self, forKey: .toldConsumers) ?? [:]
    retiring = try values.decodeIfPresent(String.self, forKey: .retiring)
    retired = try values.decodeIfPresent([RetiredCertificate].self, forKey: .retired) ?? []
    leftKeys = try values.decodeIfPresent([LeftKey].self, forKey: .leftKeys) ?? []
    droppedTransferIDDigests = try values.decodeIfPresent([String].self, forKey: .droppedTransferIDDigests) ?? []
  }

  /// The identifiers, and of keys that are only planned the names, of the keys that this record needs. Keys left unused are not among them.
  public var claimedKeys: Set<String> {
    Set((active.map { [$0] } ?? []).map(\.keyIdentifier) + previous.map(\.keyIdentifier))
      .union(pending.map { [$0.keyIdentifier ?? $0.keyName] } ?? [])
  }

  /// SHA-256 of every certificate that this name has had, DER.
  ///
  /// - Parameter der: an earlier certificate that is left out, because it may come back.
  func knownDigests(exceptPrevious der: Data? = nil) -> Set<[UInt8]> {
    let others = previous.filter { $0.der != der || $0.isRetiring(by: retiring) }
    return Set(
      ((active.map { [$0] } ?? []) + others).map { DigestText.bytes(of: $0.der) } + retired.compactMap { DigestText.bytes($0.sha256) })
  }
}

extension InstalledCertificate {
  /// Whether its key is being destroyed.
  fileprivate func isRetiring(by serial: String?) -> Bool { serial != nil && (try? self.serial()) == serial }
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

  /// The serial number in hexadecimal, two lower-case digits an octet.
  public func serial() throws -> String { DigestText.hexadecimal(try certificate().serialNumber.bytes) }
}

/// An earlier certificate whose key is gone.
public struct RetiredCertificate: Codable, Sendable, Hashable {
  /// The serial number in hexadecimal.
  public let serial: String
  /// SHA-256 of the certificate (DER), in hexadecimal: it is not accepted a second time.
  public let sha256: String
  /// `CKA_LABEL` of its key.
  public let keyName: String
  /// `CKA_ID` of its key, in hexadecimal.
  public let keyIdentifier: String
  /// Whether the key was destroyed: one that another certificate of this name is for was not.
  public let keyWasDestroyed: Bool
  /// When, by this machine's clock.
  public let retiredAt: Date
}

/// A key that was made for a certificate and is not used.
public struct LeftKey: Codable, Sendable, Hashable {
  /// `CKA_LABEL`.
  public let name: String
  /// `CKA_ID` in hexadecimal, where it is known.
  public let identifier: String?
  /// Why it is not used: the event with which it was left.
  public let reason: String
  /// When it was left, by this machine's clock.
  public let leftAt: Date
}
