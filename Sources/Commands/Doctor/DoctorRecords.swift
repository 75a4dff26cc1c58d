import CertificateLifecycle
import Foundation
import KeyEvidence
import PKCS11
import TokenKeys

/// The step that holds the state against the token: keys that belong to no certificate, certificates that are stored by halves.
///
/// It looks at what can be seen without a PIN, on most tokens public keys and certificates, and changes nothing.
enum DoctorRecords {
  static func compare(_ context: CommandContext, _ token: Token) async throws -> Finding<Void> {
    guard let records = try context.existingStore()?.records(), !records.isEmpty else {
      throw NotChecked(reason: "the state holds no certificate")
    }
    let (inventory, nameless) = try await context.waiting("read what is on token \(token.label)") {
      (try token.publicInventory(madeBy: "hsmkey doctor"), try token.namelessHalves())
    }
    let review = RecordsReview(
      records, inventory, namelessHalves: nameless, names: context.settings.file.certificates.map(\.name))
    guard !review.findings.isEmpty else {
      return .ok("every certificate of the state has its key and its certificate on the token, and no key is left over")
    }
    let count = review.findings.count
    return .warning(
      "\(count == 1 ? "one thing" : "\(count) things") of the state and the token do not fit", details: review.findings.map(\.text),
      hint: review.hint)
  }
}

/// What does not fit between the records of the state and the objects on a token.
struct RecordsReview {
  struct Finding: Hashable {
    let text: String
    let hint: String
  }

  let findings: [Finding]

  /// The first hint of each kind.
  var hint: String { findings.map(\.hint).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.joined(separator: "; ") }

  /// - Parameters:
  ///   - namelessHalves: how many halves of keys have neither a name nor an identifier.
  ///   - names: the certificates of the configuration file.
  init(_ records: [CertificateRecord], _ inventory: TokenInventory, namelessHalves: Int, names: [String]) {
    let claimed = records.reduce(into: Set<String>()) { $0.formUnion($1.claimedKeys) }
    let identifiers = Set(inventory.keys.flatMap { [$0.privateHalf?.id, $0.publicHalf?.id].compactMap(\.self) })
    let digests = Set(inventory.certificates.map(\.sha256))
    let ours = Set(names + records.map(\.name))
    let left = records.flatMap { record in record.leftKeys.map { (record.name, $0) } }
    findings =
      records.flatMap { Self.missing(of: $0, identifiers, digests) }
      + inventory.keys.compactMap { key -> Finding? in
        guard !claimed.contains(key.id), !claimed.contains(key.label) else { return nil }
        let known = left.first { $0.1.identifier == key.id || ($0.1.identifier == nil && $0.1.name == key.label) }
        guard let owner = known?.0 ?? ours.first(where: { Self.isLifecycleName(key.label, of: $0) }) else { return nil }
        let reason = known.map { ", left unused: \($0.1.reason)" } ?? ""
        return Finding(
          text: "the key \(key.label) was made for certificate \(owner) and belongs to none of its certificates\(reason)",
          hint: "destroy a key that nothing needs with: hsmkey key destroy \(key.label)")
      }
      + inventory.certificates.compactMap { certificate -> Finding? in
        let known = Set(records.flatMap(\.installed).map(\.sha256))
        guard !known.contains(certificate.sha256), let contents = certificate.contents,
          claimed.contains(certificate.id) || ours.contains(where: { Self.isLifecycleName(certificate.label, of: $0) })
        else { return nil }
        return Finding(
          text: "a certificate on the token (serial \(contents.serial), beside \(certificate.label)) is not in the state",
          hint: "take a certificate over with: hsmkey certificate import NAME FILE")
      }
      + Self.nameless(namelessHalves)
  }

  /// Nobody can tell whose they are: they are shown, and no more.
  private static func nameless(_ count: Int) -> [Finding] {
    guard count > 0 else { return [] }
    return [
      Finding(
        text: "\(count == 1 ? "half of a key has" : "\(count) halves of keys have") neither a name nor an identifier:"
          + " SoftHSM leaves such a half of a key generation that was cut short",
        hint: "a half without a name is used for nothing and may stay; to be rid of it, stop every program that uses the token (a"
          + " generation under way looks the same), then delete it with the token's own tools")
    ]
  }

  private static func missing(of record: CertificateRecord, _ identifiers: Set<String>, _ digests: Set<String>) -> [Finding] {
    record.installed.flatMap { installed -> [Finding] in
      guard identifiers.contains(installed.identifier) else {
        return [
          Finding(
            text: "the key \(installed.keyName) of certificate \(record.name) is not on this token",
            hint: "check that this is the token that the keys were made on (token.uri)")
        ]
      }
      // What the agency's test bench issues is for no key of ours, and is kept away from the token.
      guard !digests.contains(installed.sha256), record.pending == nil, !record.isFromTestBench else { return [] }
      return [
        Finding(
          text: "the certificate of key \(installed.keyName) is in the state and not on the token",
          hint: "put it back with: hsmkey certificate export \(record.name) --out FILE, then hsmkey certificate import \(record.name) FILE")
      ]
    }
  }

  /// Whether a key's label is one that an enrolment or renewal gives: the name, the day, and perhaps a number.
  private static func isLifecycleName(_ label: String, of name: String) -> Bool {
    guard label.hasPrefix("\(name)-") else { return false }
    let parts = label.dropFirst(name.count + 1).split(separator: "-", omittingEmptySubsequences: false)
    guard let day = parts.first, parts.count <= 2, day.count == 8 else { return false }
    return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }
  }
}

extension CertificateRecord {
  /// The certificate in use and the earlier ones, as they are looked for on a token.
  fileprivate var installed: [(keyName: String, identifier: String, sha256: String)] {
    ((active.map { [$0] } ?? []) + previous).map { ($0.keyName, $0.keyIdentifier, $0.der.sha256Hexadecimal) }
  }
}
