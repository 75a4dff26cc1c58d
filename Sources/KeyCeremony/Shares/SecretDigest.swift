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
