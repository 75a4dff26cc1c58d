import Foundation
import PKCS11

/// What is remembered of one PIN of one token, from one successful login to the next.
struct PINRecord: Hashable, Sendable {
  /// A PIN that the token refused, or that was replaced.
  struct Refusal: Hashable, Sendable {
    let digest: PINDigest
    /// It came from a file or another program, and not from a person.
    let isStored: Bool
    let time: Date
    /// What the token answered, such as `CKR_PIN_INCORRECT`; ``replaced`` for a PIN that was changed.
    let answer: String

    /// The ``answer`` of a PIN that was right until another took its place.
    static let replaced = "replaced"
  }

  let token: TokenIdentity
  let owner: PINOwner
  /// How many PINs the token refused since it last accepted one.
  private(set) var refusedCount = 0
  /// How often a PIN was tried since then and nobody knows what came of it.
  private(set) var uncertainCount = 0
  /// When the last of them was.
  private(set) var lastFailure: Date?
  /// A try that was begun and of which nothing is known yet.
  private(set) var pending: Date?
  private(set) var refusals: [Refusal] = []

  /// The most refusals that are kept; the oldest go first.
  static let refusalLimit = 32

  init(_ token: TokenIdentity, _ owner: PINOwner) {
    self.token = token
    self.owner = owner
  }

  /// How many tries there were since the last success.
  var failureCount: Int { refusedCount + uncertainCount }

  /// Whether there is nothing to remember.
  var isEmpty: Bool { failureCount == 0 && pending == nil && refusals.isEmpty }

  /// The refusal of a PIN, if there was one. A digest that was made with a key that is lost may be this PIN's, so it counts as such.
  func refusal(of digest: PINDigest?) -> Refusal? {
    guard let digest else { return nil }
    return refusals.last { $0.digest == digest || ($0.isStored && $0.digest.key != digest.key) }
  }

  /// The record with a try that was begun and never ended counted. Only for a holder of the token's lock: the one who began it is gone.
  func settled() -> PINRecord {
    guard let pending else { return self }
    var record = self
    record.pending = nil
    record.uncertainCount += 1
    record.lastFailure = max(pending, lastFailure ?? pending)
    return record
  }

  /// The record while a PIN is being tried.
  func trying(at time: Date) -> PINRecord {
    var record = self
    record.pending = time
    return record
  }

  /// The record after a try.
  func after(_ outcome: LoginOutcome, _ digest: PINDigest?, isStored: Bool, at time: Date) -> PINRecord {
    var record = self
    switch outcome {
    case .untouched: return self
    case .verified:
      record = PINRecord(token, owner)
      // A stored PIN that was refused stays so whoever logs in meanwhile; what people mistyped is forgotten.
      record.refusals = refusals.filter { $0.isStored && $0.digest != digest }
    case .refused(let answer):
      record.refusedCount += 1
      record.lastFailure = time
      if let digest { record.add(Refusal(digest: digest, isStored: isStored, time: time, answer: answer.name ?? "\(answer)")) }
    case .uncertain:
      record.uncertainCount += 1
      record.lastFailure = time
    }
    return record
  }

  /// The record of a PIN that has just been set: the one before it, where it is known, is not worth a try.
  static func afterChange(_ token: TokenIdentity, _ owner: PINOwner, replacing old: PINDigest?, at time: Date) -> PINRecord {
    var record = PINRecord(token, owner)
    if let old { record.add(Refusal(digest: old, isStored: true, time: time, answer: Refusal.replaced)) }
    return record
  }

  private mutating func add(_ refusal: Refusal) {
    refusals.removeAll { $0.digest == refusal.digest }
    refusals.append(refusal)
    refusals.removeFirst(max(0, refusals.count - Self.refusalLimit))
  }
}

/// A PIN as it is remembered: HMAC-SHA256 under the memory's own key, bound to token and owner. Says nothing without the key.
struct PINDigest: Hashable, Sendable {
  /// 64 hexadecimal digits.
  let digits: String
  /// Which key it was made with: 16 hexadecimal digits.
  let key: String
}

extension PINRecord {
  /// The text of the record's file.
  var text: String {
    var lines = [
      Self.heading, "manufacturer \(Self.escaped(token.manufacturer))", "model \(Self.escaped(token.model))",
      "serial \(Self.escaped(token.serialNumber))", "label \(Self.escaped(token.label))", "owner \(owner.rawValue)",
      "refused \(refusedCount)", "uncertain \(uncertainCount)",
    ]
    if let lastFailure { lines.append("last-failure \(lastFailure.ISO8601Format())") }
    if let pending { lines.append("pending \(pending.ISO8601Format())") }
    lines += refusals.map {
      "pin \($0.digest.digits) \($0.digest.key) \($0.isStored ? "stored" : "typed") \($0.time.ISO8601Format()) \($0.answer)"
    }
    // Without its last line a file that lost its end would look whole.
    return (lines + ["end"]).map { "\($0)\n" }.joined()
  }

  /// Reads a record's file, which must be exactly what ``text`` writes for this token and owner.
  ///
  /// - Returns: `nil` for anything else.
  init?(parsing bytes: [UInt8], _ token: TokenIdentity, _ owner: PINOwner) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    self.init(token, owner)
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      switch (words[0], words.count) {
      case ("refused", 2): refusedCount = Self.count(words[1])
      case ("uncertain", 2): uncertainCount = Self.count(words[1])
      case ("last-failure", 2): lastFailure = try? Date(words[1], strategy: .iso8601)
      case ("pending", 2): pending = try? Date(words[1], strategy: .iso8601)
      case ("pin", 6):
        guard Self.isHexadecimal(words[1], 64), Self.isHexadecimal(words[2], 16), let time = try? Date(words[4], strategy: .iso8601) else {
          return nil
        }
        refusals.append(
          Refusal(digest: PINDigest(digits: words[1], key: words[2]), isStored: words[3] == "stored", time: time, answer: words[5]))
      default: break
      }
    }
    // Whatever was overlooked, misread, doubled or out of place shows here.
    guard refusals.count <= Self.refusalLimit, self.text == text else { return nil }
  }

  /// The longest file of a record, in bytes.
  static let sizeLimit = 16_384

  private static let heading = "hsmkey PIN memory 1"

  private static func count(_ text: String) -> Int { min(max(Int(text) ?? -1, 0), 1_000_000) }

  private static func isHexadecimal(_ text: String, _ count: Int) -> Bool {
    text.utf8.count == count && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }

  /// Printable ASCII as it is, everything else as `%XX`.
  private static func escaped(_ text: String) -> String {
    text.utf8.map { byte in
      (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "%")
        ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}
