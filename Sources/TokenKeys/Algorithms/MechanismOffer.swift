import PKCS11

/// Whether a token offers a mechanism for what is to be done with a key of some kind, by the token's own mechanism list.
struct MechanismOffer {
  let offered: [MechanismType: MechanismInformation]

  /// Why a mechanism cannot be used; nil when it can.
  func objection(to mechanism: MechanismType, for use: MechanismFlags, _ algorithm: KeyAlgorithm) -> String? {
    guard let information = offered[mechanism] else { return "the token does not offer \(mechanism)" }
    guard information.flags.contains(use) else {
      return "the token offers \(mechanism) for something else than \(use == .sign ? "signing" : "making key pairs")"
    }
    guard information.admits(algorithm) else {
      return "the token offers \(mechanism) for keys of \(information.minimumKeySize) to \(information.maximumKeySize)"
    }
    return nil
  }
}

extension MechanismInformation {
  /// Whether the range of key sizes has room for this kind of key.
  ///
  /// The standard counts RSA and EC keys in bits. Some modules count bytes: a largest RSA key of less than 1024, or a largest curve of less
  /// than 112, can be nothing else. A module that does not tell gives 0.
  func admits(_ algorithm: KeyAlgorithm) -> Bool {
    guard maximumKeySize > 0, !algorithm.sizes.isEmpty else { return true }
    let isInBytes = maximumKeySize < (algorithm.modulusBits == nil ? 112 : 1024)
    return algorithm.sizes.contains { bits in
      let size = isInBytes ? (bits + 7) / 8 : bits
      return (minimumKeySize...max(minimumKeySize, maximumKeySize)).contains(size)
    }
  }
}
