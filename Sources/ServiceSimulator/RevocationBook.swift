import Foundation
import SwiftASN1
import X509

/// Why a certificate was revoked: CRLReason of RFC 5280, 5.3.1.
public struct RevocationReason: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// The number in the CRL.
  public let rawValue: Int
  private let name: String

  /// Nothing for a number that RFC 5280 does not know, and for 8 (removeFromCRL), which only delta CRLs have.
  public init?(rawValue: Int) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  /// The reason of a name in the control file: `key-compromise`.
  public init?(name: String) {
    guard let known = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = known
  }

  private init(_ rawValue: Int, _ name: String) {
    self.rawValue = rawValue
    self.name = name
  }

  public var description: String { name }

  /// In the order of their numbers, from `unspecified` to `aa-compromise`.
  public static let allCases = [
    RevocationReason(0, "unspecified"), .init(1, "key-compromise"), .init(2, "ca-compromise"), .init(3, "affiliation-changed"),
    .init(4, "superseded"), .init(5, "cessation-of-operation"), .init(6, "certificate-hold"), .init(9, "privilege-withdrawn"),
    .init(10, "aa-compromise"),
  ]
}

/// What is revoked, by which CA, and the CRLs that say so.
///
/// A list is signed once and handed out until something is revoked, the clock is set back before it, or an hour of the simulated time has
/// gone by.
struct RevocationBook {
  private struct Made {
    let list: [UInt8]
    let at: Date
  }

  private var entries: [String: [CertificateRevocationList.Entry]] = [:]
  private var made: [String: Made] = [:]
  private var number = 0

  /// How long after one list the next is made, in seconds.
  private static let interval: TimeInterval = 3600

  /// Does nothing where it is revoked already.
  mutating func revoke(
    _ serialNumber: Certificate.SerialNumber, by authority: CertificateAuthority, _ reason: RevocationReason?, at date: Date
  ) {
    guard !isRevoked(serialNumber, by: authority) else { return }
    entries[authority.publishedName, default: []].append(.init(serialNumber: serialNumber, date: date, reason: reason))
    made[authority.publishedName] = nil
  }

  func isRevoked(_ serialNumber: Certificate.SerialNumber, by authority: CertificateAuthority) -> Bool {
    entries[authority.publishedName]?.contains { $0.serialNumber == serialNumber } == true
  }

  /// Whether a certificate of any of the CAs with this serial number is revoked.
  func isRevoked(_ serialNumber: Certificate.SerialNumber) -> Bool {
    entries.values.contains { $0.contains { $0.serialNumber == serialNumber } }
  }

  mutating func list(of authority: CertificateAuthority, at now: Date) throws -> [UInt8] {
    let name = authority.publishedName
    if let made = made[name], (0..<Self.interval).contains(now.timeIntervalSince(made.at)) { return made.list }
    let list = try newList(of: authority, at: now)
    made[name] = Made(list: list, at: CertificateTimes.wholeSecond(now))
    return list
  }

  /// A list that is not kept for others.
  mutating func newList(of authority: CertificateAuthority, at date: Date) throws -> [UInt8] {
    number += 1
    let at = CertificateTimes.wholeSecond(date)
    return try CertificateRevocationList(
      issuer: authority, entries: entries[authority.publishedName] ?? [], number: number, thisUpdate: at, nextUpdate: at.adding(days: 7)
    ).signed()
  }
}
