import Secrets

/// Writes a request in a form that is already canonical: C14N 1.0 and exclusive C14N 1.0 both give back the same octets.
///
/// One namespace, declared on the root with a prefix and used by it; children without a namespace, as the schema wants them; no
/// XML declaration, no indentation, no comments, no attributes. So the two transform lists of a renewal's signature digest the same
/// octets as were written, and a validator that works inside the envelope sees what one that works on the stand-alone document sees.
struct RequestWriter: ~Copyable {
  /// The target namespace of the service's schema.
  static let namespace = "http://certificates.vero.fi/2017/10/certificateservices"

  private(set) var bytes: [UInt8] = []

  /// Capacity is reserved at once, so that a secret is not left behind in an array that was outgrown.
  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  /// Hands the octets over and leaves no second copy behind.
  consuming func finish() -> [UInt8] { bytes }

  mutating func markup(_ text: StaticString) {
    bytes.append(contentsOf: "\(text)".utf8)
  }

  mutating func root(_ name: String, content: (inout RequestWriter) -> Void) {
    bytes.append(contentsOf: "<cs:\(name) xmlns:cs=\"\(RequestWriter.namespace)\">".utf8)
    content(&self)
    bytes.append(contentsOf: "</cs:\(name)>".utf8)
  }

  mutating func element(_ name: String, _ text: String) {
    element(name) { writer in
      for byte in text.utf8 { writer.escaped(byte) }
    }
  }

  mutating func element(_ name: String, secret: borrowing SecretBytes) {
    open(name)
    secret.withBytes { span in
      for index in span.indices { escaped(span[index]) }
    }
    close(name)
  }

  mutating func element(_ name: String, base64 octets: [UInt8]) {
    element(name) { writer in Base64.encode(octets, into: &writer.bytes) }
  }

  private mutating func element(_ name: String, content: (inout RequestWriter) -> Void) {
    open(name)
    content(&self)
    close(name)
  }

  private mutating func open(_ name: String) { bytes.append(contentsOf: "<\(name)>".utf8) }

  private mutating func close(_ name: String) { bytes.append(contentsOf: "</\(name)>".utf8) }

  /// Text as Canonical XML section 2.3 writes it. CR cannot occur: the schema's texts refuse it.
  private mutating func escaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "&"): bytes.append(contentsOf: "&amp;".utf8)
    case UInt8(ascii: "<"): bytes.append(contentsOf: "&lt;".utf8)
    case UInt8(ascii: ">"): bytes.append(contentsOf: "&gt;".utf8)
    default: bytes.append(byte)
    }
  }
}

/// The parts that the requests have in common.
enum RequestContent {
  static func customer(_ customer: Customer, environment: ServiceEnvironment, into writer: inout RequestWriter) {
    writer.element("Environment", environment.wireValue)
    writer.element("CustomerId", customer.id)
    if let name = customer.name { writer.element("CustomerName", name) }
  }

  /// `CertificateRequestType`: 1 to 10240 octets before base64.
  static func checkCertificateRequest(_ der: [UInt8]) throws(CertificateServiceError) {
    guard (1...10240).contains(der.count) else {
      throw CertificateServiceError(
        code: .invalidRequest, rule: .requestCertificateRequest, operation: "use the certificate request given",
        message: "it must have 1 to 10240 octets of DER and has \(der.count)")
    }
  }
}
