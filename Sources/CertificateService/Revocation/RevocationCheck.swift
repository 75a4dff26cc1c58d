public import Foundation
import SwiftASN1
public import X509

/// Holds certificates against the revocation lists of the authorities that issued them.
///
/// The end of a chain needs a list of its issuer: signed by that very authority, and current. An authority above it is held against its
/// issuer's list where one of the configured lists is of that name.
public struct RevocationCheck: Sendable {
  /// How seriously revocation lists are taken.
  public struct Mode: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// The name, as configuration writes it.
    public let rawValue: String
    /// A mode by its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The name.
    public var description: String { rawValue }
    /// All of them.
    public static let allCases: [Mode] = [.off, .warn, .enforce]

    /// No list is looked at.
    public static let off = Mode(rawValue: "off")
    /// What ``enforce`` would refuse is said and let pass.
    public static let warn = Mode(rawValue: "warn")
    /// A revoked certificate is refused, and so is one of which nobody can tell.
    public static let enforce = Mode(rawValue: "enforce")
  }

  /// How seriously lists are taken.
  public let mode: Mode

  private let lists: RevocationLists
  private let warn: @Sendable (String) -> Void

  /// Looks at no list.
  public static let off = RevocationCheck(mode: .off, lists: RevocationLists([]))

  /// - Parameters:
  ///   - lists: where lists come from.
  ///   - warn: told what would have been refused, in mode ``Mode/warn``.
  public init(mode: Mode, lists: RevocationLists, warn: @escaping @Sendable (String) -> Void = { _ in }) {
    self.mode = mode
    self.lists = lists
    self.warn = warn
  }

  /// Holds a certificate against the list of its issuer.
  ///
  /// - Parameters:
  ///   - chain: the certificate and the authorities above it, as ``TrustAnchors/validate(_:at:)`` gives them.
  ///   - time: when the list must be current.
  /// - Returns: what would have been refused, in mode ``Mode/warn``; one sentence each.
  /// - Throws: in mode ``Mode/enforce``, with code ``ServiceErrorCode/untrusted``: `REVOCATION-REVOKED`; `REVOCATION-LIST-AVAILABLE` where
  ///   there is no list; `REVOCATION-LIST-ISSUER` or `REVOCATION-LIST-CURRENT` where there is none that counts.
  @discardableResult
  public func check(_ chain: [Certificate], at time: Date) async throws(CertificateServiceError) -> [String] {
    guard mode != .off else { return [] }
    let loaded = await lists.all(at: time)
    var warnings: [String] = []
    for (index, (certificate, issuer)) in zip(chain, chain.dropFirst()).enumerated() {
      do throws(RevocationList.Refusal) {
        try check(certificate, issuer, loaded, isNeeded: index == 0, at: time)
      } catch {
        guard mode == .warn else { throw failure(error, .untrusted, certificate) }
        warnings.append("\(error.message) [\(error.rule)]")
      }
    }
    warnings.forEach(warn)
    return warnings
  }

  /// Makes sure that there is a list of every authority that may stand right above an end entity, before something is done that cannot be
  /// undone: in mode ``Mode/enforce`` an answer whose signer cannot be checked would be lost.
  ///
  /// - Throws: with code ``ServiceErrorCode/unreachable``, as nothing has been sent.
  func prepare(for authorities: TrustAnchors, at time: Date) async throws(CertificateServiceError) {
    guard mode == .enforce else { return }
    let loaded = await lists.all(at: time)
    for authority in authorities.lowest {
      do throws(RevocationList.Refusal) {
        _ = try usable(authority, loaded, isNeeded: true, at: time)
      } catch {
        throw failure(error, .unreachable, nil)
      }
    }
  }

  private func check(
    _ certificate: Certificate, _ issuer: Certificate, _ loaded: [RevocationLists.Loaded], isNeeded: Bool, at time: Date
  ) throws(RevocationList.Refusal) {
    for list in try usable(issuer, loaded, isNeeded: isNeeded, at: time) {
      guard let (since, reason) = list.revocation(of: certificate) else { continue }
      throw RevocationList.Refusal(
        rule: .revocationRevoked,
        message: "\(CertificateName.of(certificate)) was revoked on \(since.formatted(.iso8601)) (\(reason)), says the list of"
          + " \(CertificateName.of(issuer))")
    }
  }

  /// The lists of an authority that count: of each source the newest that the authority has signed, which is kept for the next time.
  private func usable(
    _ authority: Certificate, _ loaded: [RevocationLists.Loaded], isNeeded: Bool, at time: Date
  ) throws(RevocationList.Refusal) -> [RevocationList] {
    var usable: [RevocationList] = []
    var refusals: [RevocationList.Refusal] = []
    for entry in loaded {
      for candidate in entry.candidates where candidate.list.isNamed(after: authority) {
        do throws(RevocationList.Refusal) {
          try candidate.list.check(by: authority, at: time)
          candidate.keepOnce()
          usable.append(candidate.list)
          break
        } catch {
          refusals.append(
            .init(rule: error.rule, message: "the revocation list \(SafeText.oneLine(entry.name, limit: 300)): \(error.message)"))
          // A list that the authority has signed and that is not current: an older one does not stand in for it.
          if error.rule == .revocationListCurrent { break }
        }
      }
    }
    if usable.isEmpty, let refusal = refusals.first { throw refusal }
    if usable.isEmpty, isNeeded {
      let failures = loaded.compactMap { $0.failure?.description }
      throw RevocationList.Refusal(
        rule: .revocationListAvailable,
        message: "there is no revocation list of \(CertificateName.of(authority))"
          + (failures.isEmpty ? "" : " (\(failures.joined(separator: "; ")))"))
    }
    return usable
  }

  private func failure(
    _ refusal: RevocationList.Refusal, _ code: ServiceErrorCode, _ certificate: Certificate?
  ) -> CertificateServiceError {
    let hint =
      refusal.rule == .revocationRevoked
      ? "ask the agency; where this is your own certificate, it is of no use any more"
      : "see service.revocation-lists"
        + (certificate.flatMap(Self.distributionPoint).map { "; the certificate says that its list is at \($0)" } ?? "")
        + "; service.revocation: warn lets it pass and says so"
    return CertificateServiceError(
      code: code, rule: refusal.rule, operation: "check for revocation", message: refusal.message, hint: hint, underlying: refusal)
  }

  /// The first address of a certificate's distribution points (RFC 5280 section 4.2.1.13), for people.
  static func distributionPoint(of certificate: Certificate) -> String? {
    guard let value = certificate.extensions[oid: [2, 5, 29, 31]]?.value else { return nil }
    // DistributionPoint, distributionPoint [0], fullName [0], uniformResourceIdentifier [6]
    var values = DERValues(value)
    for tag: UInt8 in [0x30, 0x30, 0xA0, 0xA0] {
      guard let next = try? values.next(tag, "") else { return nil }
      values = DERValues(next.content)
    }
    guard let address = try? values.next(0x86, "") else { return nil }
    return SafeText.oneLine(String(decoding: address.content, as: UTF8.self), limit: 200)
  }
}

extension TrustAnchors {
  /// The authorities that are above no other one of the set.
  public var lowest: [Certificate] {
    let all = anchors + intermediates
    return all.filter { authority in !all.contains { $0 != authority && $0.issuer == authority.subject } }
  }
}
