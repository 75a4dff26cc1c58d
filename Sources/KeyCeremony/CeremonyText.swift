import Foundation
import KeyEvidence
import SwiftASN1
import SystemPackage
import X509

/// Texts of tokens and of other people, fit to be shown and kept.
public enum CeremonyText {
  /// A text without characters that steer a terminal or are not seen, and not too much of it.
  static func shown(_ text: String) -> String {
    let start = text.unicodeScalars.prefix(256).map { PlanText.isVisible($0) ? $0 : "?" }
    let shown = String(String.UnicodeScalarView(start))
    return text.unicodeScalars.count > 256 ? "\(shown)..." : shown
  }

  /// What becomes of a run that ends here.
  public static let howToGoOn = "then a performance goes on by the same command, and a rehearsal is begun anew in another folder"

  /// Why the system did not do something, as people say it: `No space left on device`.
  static func reason(_ error: any Error) -> String {
    if let code = error as? Errno { return "\(code)" }
    let error = error as NSError
    let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
    return cause.domain == NSPOSIXErrorDomain ? "\(Errno(rawValue: CInt(cause.code)))" : error.localizedDescription
  }
}

extension [UInt8] {
  /// The bytes that a text in lower-case hexadecimal stands for; nil for any other text.
  init?(hexadecimal text: String) {
    guard let bytes = EvidenceText.bytes(hexadecimal: text) else { return nil }
    self = bytes
  }

  /// Two lower-case hexadecimal digits a byte.
  var hexadecimal: String { EvidenceText.hexadecimal(self) }
}

extension Certificate.PublicKey {
  /// SHA-256 of the DER SubjectPublicKeyInfo, in hexadecimal: names a public key whatever its kind.
  var fingerprint: String {
    get throws { EvidenceText.sha256(try subjectPublicKeyInfo) }
  }
}

extension CertificateSigningRequest {
  /// The SHA-256 of what the request signs, its public key left out: the same in a rehearsal and in the performance.
  ///
  /// `CertificationRequestInfo` of RFC 2986 section 4.1 with the octets of `subjectPublicKey` as zeros.
  func digestWithoutKey() throws -> String {
    var serializer = DER.Serializer()
    try serializer.serialize(self)
    let key = try publicKey.subjectPublicKeyInfo
    let whole = serializer.serializedBytes
    // The signed part is the first element of the outer sequence.
    let root = try DER.parse(whole)
    guard case .constructed(let children) = root.content, let information = children.first(where: { _ in true }) else {
      throw ASN1Error.invalidASN1Object(reason: "a request is a sequence")
    }
    var bytes = Array(information.encodedBytes)
    if let start = bytes.firstRange(of: key.suffix(publicKeyLength(key)))?.lowerBound {
      for index in start..<start + publicKeyLength(key) { bytes[index] = 0 }
    }
    return EvidenceText.sha256(bytes)
  }

  /// How many octets at the end of a SubjectPublicKeyInfo are the key itself: the content of its BIT STRING without the count of unused
  /// bits.
  private func publicKeyLength(_ subjectPublicKeyInfo: [UInt8]) -> Int {
    guard let root = try? DER.parse(subjectPublicKeyInfo), case .constructed(let children) = root.content else { return 0 }
    var last: ASN1Node?
    for child in children { last = child }
    guard let last, case .primitive(let content) = last.content else { return 0 }
    return max(content.count - 1, 0)
  }
}
