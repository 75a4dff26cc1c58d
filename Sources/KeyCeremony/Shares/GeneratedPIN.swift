public import Secrets

/// A PIN that nobody has chosen: random, from an alphabet, straight into memory that is wiped.
public enum GeneratedPIN {
  /// A new PIN. Each character is as likely as any other, by the system's random numbers (getrandom(2)).
  ///
  /// - Parameter length: in characters, which are octets too.
  public static func make(length: Int, alphabet: PlanPIN.Alphabet) -> HeldSecret {
    let characters = alphabet.characters
    var generator = SystemRandomNumberGenerator()
    return HeldSecret(
      SecretBytes(capacity: length) { (output: inout OutputSpan<UInt8>) in
        for _ in 0..<length { output.append(characters[Int.random(in: 0..<characters.count, using: &generator)]) }
      })
  }
}

extension PlanPIN.Alphabet {
  /// The characters, as ASCII.
  package var characters: [UInt8] {
    switch self {
    case .digits: Array("0123456789".utf8)
    case .lettersAndDigits: Array("23456789abcdefghjkmnpqrstuvwxyz".utf8)
    }
  }
}
