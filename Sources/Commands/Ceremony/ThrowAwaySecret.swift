import Secrets

/// PINs and passwords of a rehearsal: made on the spot, held in this process, of use for nothing else.
enum ThrowAwaySecret {
  private static let alphabet = Array("23456789abcdefghjkmnpqrstuvwxyz".utf8)

  /// A PIN of sixteen letters and digits.
  static func pin() -> HeldSecret {
    HeldSecret(
      SecretBytes(capacity: 16) { (output: inout OutputSpan<UInt8>) in
        for _ in 0..<16 { output.append(alphabet[Int.random(in: alphabet.indices)]) }
      })
  }

  /// A transfer id as the agency's are: 32 digits.
  static func transferID() -> String { String((0..<32).map { _ in Character("\(Int.random(in: 0...9))") }) }

  /// A transfer password, which the simulator reads from a file.
  static func transferPassword() -> String {
    String(decoding: (0..<16).map { _ in alphabet[Int.random(in: alphabet.indices)] }, as: UTF8.self)
  }
}
