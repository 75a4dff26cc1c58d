import Crypto
import PKCS11

/// The SHA-2 functions that signatures use here.
enum SignatureHash: String, Hashable, Sendable {
  case sha256, sha384, sha512

  func digest(_ message: [UInt8]) -> [UInt8] {
    switch self {
    case .sha256: Array(SHA256.hash(data: message))
    case .sha384: Array(SHA384.hash(data: message))
    case .sha512: Array(SHA512.hash(data: message))
    }
  }

  /// The digest as PKCS #1 v1.5 signs it: `SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.2.n, NULL }, OCTET STRING }`
  /// (RFC 8017 section 9.2, step 2 and note 1).
  func digestInfo(_ message: [UInt8]) -> [UInt8] {
    let digest = digest(message)
    let (number, length): (UInt8, UInt8) =
      switch self {
      case .sha256: (1, 32)
      case .sha384: (2, 48)
      case .sha512: (3, 64)
      }
    return [0x30, 17 + length, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, number, 0x05, 0x00, 0x04, length]
      + digest
  }

  /// PKCS #1 v1.5, digested by the token.
  var rsaPKCS: Mechanism {
    switch self {
    case .sha256: .sha256RSAPKCS
    case .sha384: .sha384RSAPKCS
    case .sha512: .sha512RSAPKCS
    }
  }

  /// ECDSA, digested by the token.
  var ecdsa: Mechanism {
    switch self {
    case .sha256: .ecdsaSHA256
    case .sha384: .ecdsaSHA384
    case .sha512: .ecdsaSHA512
    }
  }

  /// The same hash in PSS parameters.
  var pss: Mechanism.PSSHash {
    switch self {
    case .sha256: .sha256
    case .sha384: .sha384
    case .sha512: .sha512
    }
  }
}
