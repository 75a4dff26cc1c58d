import CertificateService
import Foundation
import X509
import XMLSignature

/// Answers in the agency's own style, and everything that can be wrong with one.
///
/// The style: the response element is signed as a document of its own (enveloped-signature alone, so an inclusive canonical form; `ds:`
/// declared on the root; base64 in lines of 76 that end in `&#13;` and a newline) and then put into an envelope with the prefix
/// `SOAP-ENV` and an empty header.
struct HouseStyleResponse {
  static let serviceNamespace = "http://certificates.vero.fi/2017/10/certificateservices"
  static let soapNamespace = "http://schemas.xmlsoap.org/soap/envelope/"

  var name = "SignNewCertificateResponse"
  var content = HouseStyleResponse.ok("<RetrievalId>R-1</RetrievalId>")
  var namespace = HouseStyleResponse.serviceNamespace
  var signer = TestAuthorities.signer
  var transforms = ReferenceTransforms.envelopedOnly
  var style = SignatureStyle.prefixed("ds")
  var fault: SignatureFault?
  /// What stands on the root besides the two declarations.
  var rootAttributes = ""

  static func ok(_ answer: String) -> String { "\(answer)<Result><Status>OK</Status></Result>" }

  static func fail(_ errors: [(code: String, message: String)] = [], answer: String = "") -> String {
    let information = errors.map {
      "<ErrorInfo><ErrorCode>\($0.code)</ErrorCode><ErrorMessage>\($0.message)</ErrorMessage></ErrorInfo>"
    }
    return "\(answer)<Result><Status>FAIL</Status>\(information.joined())</Result>"
  }

  /// A GetCertificate answer. The base64 is wrapped as a Java service does it, with a CR that had to become a character reference.
  static func certificate(_ der: [UInt8], lineBreak: String = "&#13;\n") -> HouseStyleResponse {
    let base64 = Data(der).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
    let text = base64.replacingOccurrences(of: "\n", with: lineBreak)
    return HouseStyleResponse(name: "GetCertificateResponse", content: ok("<Certificate>\(text)</Certificate>"))
  }

  /// The response element without a signature.
  var unsigned: String {
    "<ser:\(name) xmlns:ser=\"\(namespace)\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"\(rootAttributes)>\(content)</ser:\(name)>"
  }

  private var enveloper: EnvelopedSigner {
    get throws {
      try EnvelopedSigner(key: TestAuthorities.rsaPrivateKey, certificate: signer, transforms: transforms, style: style, fault: fault)
    }
  }

  /// The response element, signed as a document of its own.
  func signed() async throws -> String {
    String(decoding: try await enveloper.sign(Array(unsigned.utf8)), as: UTF8.self)
  }

  /// The whole answer.
  func enveloped() async throws -> String { Self.envelope(try await signed()) }

  /// The whole answer, signed where it stands, after the envelope was put around it.
  func signedInPlace() async throws -> String {
    String(decoding: try await enveloper.sign(Array(Self.envelope(unsigned).utf8), inPlaceAt: [1, 0]), as: UTF8.self)
  }

  static func envelope(_ body: String, header: String = "<SOAP-ENV:Header/>", prefix: String = "SOAP-ENV") -> String {
    "<\(prefix):Envelope xmlns:\(prefix)=\"\(soapNamespace)\">\(header)<\(prefix):Body>\(body)</\(prefix):Body></\(prefix):Envelope>"
  }

  static func fault(_ text: String) -> String {
    envelope("<SOAP-ENV:Fault><faultcode>SOAP-ENV:Client</faultcode><faultstring>\(text)</faultstring></SOAP-ENV:Fault>", header: "")
  }
}
