import Crypto

/// SHA-256 over secrets, without a copy of them in an array.
enum SecretDigest {
  /// The digest of some octets that are no secret, and of a range of some that are.
  static func sha256(_ prefix: [UInt8], _ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: prefix)
    for index in range { hash.update(data: repeatElement(bytes[index], count: 1)) }
    return Array(hash.finalize())
  }
}

/// Octets as people read them.
enum Hexadecimal {
  /// Lower-case digits.
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
