import Crypto
import Foundation
import SwiftASN1
public import X509

extension EvidenceText {
  /// SHA-256 in lower-case hexadecimal.
  package static func sha256(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

  /// The SHA-256 itself, 32 bytes.
  package static func digest(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

  /// Base64 (RFC 4648 section 4), with padding and without line breaks.
  static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

  /// The bytes of base64 that is written as ``base64(_:)`` writes it; nil for all other.
  static func bytes(base64 text: String) -> [UInt8]? {
    guard let data = Data(base64Encoded: text), data.base64EncodedString().utf8.elementsEqual(text.utf8) else { return nil }
    return Array(data)
  }
}

extension Certificate.PublicKey {
  /// The DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
  public var subjectPublicKeyInfo: [UInt8] {
    get throws(EvidenceError) {
      do {
        return try serializeAsPEM().derBytes
      } catch {
        throw EvidenceError(
          .signers, where: "", operation: "write a public key", message: "the public key cannot be written", underlying: error)
      }
    }
  }

  /// A key from the DER SubjectPublicKeyInfo, if it is written in the one way that it is written here.
  init?(canonicalSubjectPublicKeyInfo der: [UInt8]) {
    guard let key = try? Certificate.PublicKey(derEncoded: der), let again = try? key.subjectPublicKeyInfo, again == der else { return nil }
    self = key
  }
}
