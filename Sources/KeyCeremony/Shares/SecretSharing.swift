internal import CSecretSharing
import Secrets

/// The wall to libgfshare: shares of a secret, and what shares give. The one file that calls it, and one of two here with `unsafe` in them.
enum SecretSharing {
  /// A share has its place's number, its size is the secret's. The shares stand one after another.
  static func split(_ secret: borrowing SecretBytes, threshold: Int, numbers: [UInt8]) throws(CeremonyError) -> HeldSecret {
    let size = secret.count
    return try secret.withBytes { bytes throws(CeremonyError) in
      HeldSecret(
        try SecretBytes(capacity: size * numbers.count) { (output: inout OutputSpan<UInt8>) throws(CeremonyError) in
          let outcome = unsafe output.withUnsafeMutableBufferPointer { shares, count in
            let outcome = unsafe bytes.withUnsafeBufferPointer { secret in
              unsafe hsmkey_shares_split(
                secret.baseAddress, size, UInt8(clamping: threshold), numbers, numbers.count, shares.baseAddress)
            }
            count = Int(outcome) == HSMKEY_SHARES_OK ? size * numbers.count : 0
            return outcome
          }
          try require(outcome, "split a PIN")
        })
    }
  }

  /// What shares give, one after another, each with its place's number. Whether it is the secret is not known here.
  static func combine(_ shares: borrowing SecretBytes, numbers: [UInt8]) throws(CeremonyError) -> HeldSecret {
    let size = shares.count / max(numbers.count, 1)
    return try shares.withBytes { bytes throws(CeremonyError) in
      HeldSecret(
        try SecretBytes(capacity: size) { (output: inout OutputSpan<UInt8>) throws(CeremonyError) in
          let outcome = unsafe output.withUnsafeMutableBufferPointer { secret, count in
            let outcome = unsafe bytes.withUnsafeBufferPointer { shares in
              unsafe hsmkey_shares_combine(numbers, numbers.count, shares.baseAddress, size, secret.baseAddress)
            }
            count = Int(outcome) == HSMKEY_SHARES_OK ? size : 0
            return outcome
          }
          try require(outcome, "combine shares")
        })
    }
  }

  private static func require(_ outcome: CInt, _ operation: String) throws(CeremonyError) {
    guard Int(outcome) != HSMKEY_SHARES_OK else { return }
    throw CeremonyError(
      .shareCount, operation: operation,
      message: Int(outcome) == HSMKEY_SHARES_OUT_OF_MEMORY
        ? "there is no memory for it" : "there can be 2 to 255 shares, each with a number of its own, and a threshold of 2 or more")
  }
}
