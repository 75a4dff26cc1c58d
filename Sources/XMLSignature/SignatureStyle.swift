internal import X509

/// How a signature is written, where XML Signature leaves it open.
public struct SignatureStyle: Sendable, Hashable {
  /// The prefix of the signature's elements, declared on the signed element or around it; nil for a default namespace on the signature.
  public let prefix: String?
  /// Characters a line of base64, with a carriage return and a line feed between lines; nil for no line breaks.
  public let base64LineLength: Int?
  /// Whether the certificate's subject is written beside the certificate (`X509SubjectName`).
  public let includesSubjectName: Bool

  /// A default namespace on the signature and base64 without line breaks: nothing that a reader could trip over.
  public static let plain = SignatureStyle(prefix: nil, base64LineLength: nil, includesSubjectName: false)

  /// The agency's own way: a prefix, and base64 in lines of 76 characters that end in CR LF, the CR as a character reference.
  public static func prefixed(_ prefix: String, includesSubjectName: Bool = false) -> SignatureStyle {
    SignatureStyle(prefix: prefix, base64LineLength: 76, includesSubjectName: includesSubjectName)
  }
}

/// Writes the parts of a `ds:Signature`, in canonical form wherever that is of consequence.
struct SignatureWriter {
  let style: SignatureStyle
  let transforms: ReferenceTransforms
  var digestAlgorithm = SignatureProfile.sha256
  var signatureAlgorithm = SignatureProfile.rsaSHA256

  private var declaration: String { style.prefix.map { "xmlns:\($0)" } ?? "xmlns" }

  private func element(_ name: String, _ attributes: String = "", _ content: String = "") -> String {
    let tags = tags(name, attributes)
    return tags.start + content + tags.end
  }

  private func tags(_ name: String, _ attributes: String = "") -> (start: String, end: String) {
    let name = style.prefix.map { $0 + ":" + name } ?? name
    return ("<" + name + attributes + ">", "</" + name + ">")
  }

  private func algorithm(_ identifier: String) -> String { " Algorithm=\"\(identifier)\"" }

  /// `SignedInfo` in two forms that differ in one namespace declaration only.
  struct SignedInfoText {
    /// As it goes into the signature.
    let embedded: String
    /// The exclusive canonical form of that, which is what is signed.
    let canonical: [UInt8]
  }

  func signedInfo(digest: [UInt8]) -> SignedInfoText {
    let reference =
      element("Transforms", "", transforms.algorithms.map { element("Transform", algorithm($0)) }.joined())
      + element("DigestMethod", algorithm(digestAlgorithm))
      + element("DigestValue", "", Base64.encode(digest))
    let content =
      element("CanonicalizationMethod", algorithm(CanonicalizationMethod.exclusive.identifier))
      + element("SignatureMethod", algorithm(signatureAlgorithm))
      + element("Reference", " URI=\"\"", reference)
    return SignedInfoText(
      embedded: element("SignedInfo", "", content),
      canonical: Array(element("SignedInfo", " \(declaration)=\"\(SignatureProfile.namespace)\"", content).utf8))
  }

  /// A whole signature.
  func signature(_ signedInfo: SignedInfoText, value: [UInt8], certificate: SigningCertificate) -> [UInt8] {
    let subjectName =
      style.includesSubjectName ? element("X509SubjectName", "", Self.escaped(certificate.certificate.subject.description)) : ""
    let data = element("X509Data", "", subjectName + element("X509Certificate", "", base64(certificate.octets)))
    let text = element(
      "Signature", style.prefix == nil ? " xmlns=\"\(SignatureProfile.namespace)\"" : "",
      signedInfo.embedded + element("SignatureValue", "", base64(value)) + element("KeyInfo", "", data))
    return Array(text.utf8)
  }

  private func base64(_ octets: [UInt8]) -> String {
    Base64.encode(octets, lineLength: style.base64LineLength, lineBreak: "&#13;\n")
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: result.append(character)
      }
    }
  }
}
