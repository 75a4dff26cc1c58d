public import Secrets

/// A PIN that is had from so many of its shares, and from no fewer (Shamir 1979, by libgfshare).
///
/// What is shared is a random salt and the PIN. The set's name is a digest of both: it tells whether a combination is right before anything
/// is tried on a token, and tells nobody who has too few shares anything of the PIN.
public enum SharedPIN {
  /// The random octets before the PIN.
  static let saltLength = 16

  /// Makes shares of a PIN.
  ///
  /// - Parameters:
  ///   - pin: 6 to 64 octets.
  ///   - threshold: how many shares give the PIN: 2 to `count`.
  ///   - count: how many shares there are: 2 to 255.
  /// - Throws: `CEREMONY-SHARE-COUNT` for other numbers.
  public static func split(_ pin: HeldSecret, threshold: Int, count: Int) throws(CeremonyError) -> [PINShare] {
    guard (2...255).contains(count), (2...count).contains(threshold) else {
      throw CeremonyError(
        .shareCount, operation: "split a PIN",
        message: "\(threshold) of \(count) cannot be: there are 2 to 255 shares, and 2 or more give the PIN"
      )
    }
    guard PINShare.sizes.contains(saltLength + pin.count) else {
      throw CeremonyError(.shareCount, operation: "split a PIN", message: "the PIN has \(pin.count) octets, and 6 to 64 can be shared")
    }
    let secret = salted(pin)
    let size = secret.count
    let setID = secret.withBytes(setID)
    let shares = try SecretSharing.split(secret, threshold: threshold, numbers: (1...count).map { UInt8($0) })
    return shares.withBytes { bytes in
      (0..<count).map { number in
        PINShare(
          setID: setID, threshold: threshold, count: count, index: number + 1, bytes: bytes, share: number * size..<(number + 1) * size)
      }
    }
  }

  /// The PIN that shares give. More than the threshold are all used, so that a wrong one among them is found.
  ///
  /// - Throws: `CEREMONY-SHARE-COUNT` for too few, and for one that is there twice; `CEREMONY-SHARE-GENUINE` for shares of two sets, and
  ///   where what they give is not what was shared. No PIN exists then.
  public static func combine(_ shares: [PINShare]) throws(CeremonyError) -> HeldSecret {
    for (index, share) in shares.enumerated() { try share.check(joins: Array(shares[..<index])) }
    guard let first = shares.first, shares.count >= first.threshold else {
      throw tooFew(shares.count, of: shares.first?.threshold ?? 2)
    }
    let size = first.octets.count - PINShare.headerLength - PINShare.checksumLength
    let together = SecretBytes(capacity: size * shares.count) { (output: inout OutputSpan<UInt8>) in
      for share in shares {
        share.octets.withBytes { bytes in
          for index in PINShare.headerLength..<PINShare.headerLength + size { output.append(bytes[index]) }
        }
      }
    }
    let secret = try SecretSharing.combine(together, numbers: shares.map { UInt8($0.index) })
    return try secret.withBytes { bytes throws(CeremonyError) in
      guard setID(bytes) == first.setID else {
        throw CeremonyError(
          .shareGenuine, operation: operation,
          message: "the shares do not give what was shared: one of them is no genuine share of the set \(first.setText)",
          hint: "Nothing was tried on a token. Try other shares of the set; the one that is in every failing choice is the wrong one.")
      }
      return HeldSecret(
        SecretBytes(capacity: size) { (output: inout OutputSpan<UInt8>) in
          for index in saltLength..<size { output.append(bytes[index]) }
        })
    }
  }

  private static let operation = "combine shares"

  private static func tooFew(_ count: Int, of threshold: Int) -> CeremonyError {
    let more = threshold - count
    return CeremonyError(
      .shareCount, operation: operation,
      message: "\(threshold) shares give the PIN, and \(count == 0 ? "none is" : count == 1 ? "1 is" : "\(count) are") there",
      hint: more == 1 ? "1 more is wanted." : "\(more) more are wanted.")
  }

  private static func salted(_ pin: HeldSecret) -> SecretBytes {
    var generator = SystemRandomNumberGenerator()
    return SecretBytes(capacity: saltLength + pin.count) { (output: inout OutputSpan<UInt8>) in
      for _ in 0..<saltLength { output.append(UInt8.random(in: .min ... .max, using: &generator)) }
      pin.withBytes { bytes in
        for index in bytes.indices { output.append(bytes[index]) }
      }
    }
  }

  private static func setID(_ salted: Span<UInt8>) -> [UInt8] {
    Array(SecretDigest.sha256(Array("hsmkey-share-set".utf8), salted, salted.indices).prefix(PINShare.setIDLength))
  }
}
