/// One thing that happened to a certificate, as the history keeps it. Entries are only ever added, each with the hash of the one before.
public struct LifecycleLogEntry: Sendable, Hashable {
  /// Its place in the history of the whole state file: 1, 2, 3 …
  public let number: Int
  /// When, by this machine's clock, RFC 3339 in UTC.
  public let at: String
  /// The certificate's name.
  public let name: String
  /// What happened; see ``LifecycleMachine/Event``.
  public let event: String
  /// The state that followed.
  public let state: LifecycleState
  /// What is worth knowing of it: key, serial number, codes. Never a secret.
  public let detail: [String: String]
  /// SHA-256 of the record as it was saved with this entry, in hexadecimal.
  public let recordSHA256: String
  /// The hash of the entry before it; 64 zeros before the first.
  public let previousHash: String
  /// SHA-256 over everything above, in hexadecimal.
  public let hash: String

  /// What the first entry has before it.
  static let noHash = String(repeating: "0", count: 64)

  /// - Parameter detail: as it stands in the file, so that the hash does not depend on how it is written anew.
  static func hash(
    previous: String, number: Int, at: String, name: String, event: String, state: String, detail: String, recordSHA256: String
  ) -> String {
    let fields = ["hsmkey history 1", previous, "\(number)", at, name, event, state, detail, recordSHA256]
    // Each field with its length before it: no two lists of fields give the same octets.
    return DigestText.sha256(fields.map { "\($0.utf8.count):\($0)" }.joined())
  }
}
