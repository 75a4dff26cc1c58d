import Foundation

@testable import ServiceSimulator

/// Requests written by hand, so that no code of ours stands between the schema and the simulator.
enum Messages {
  static let customerID = "0123456-7"
  static let customerName = "Ab Simulator Test Company Oy"
  static let namespace = "http://certificates.vero.fi/2017/10/certificateservices"

  static func signNew(
    environment: String = "TEST", customerID: String = customerID, name: String? = customerName, id: String, password: String,
    request: [UInt8]
  ) -> String {
    element(
      "SignNewCertificateRequest",
      head(environment, customerID, name) + "<TransferId>\(id)</TransferId><TransferPassword>\(password)</TransferPassword>"
        + "<CertificateRequest>\(Data(request).base64EncodedString())</CertificateRequest>")
  }

  static func get(environment: String = "TEST", customerID: String = customerID, name: String? = nil, id: String) -> String {
    element("GetCertificateRequest", head(environment, customerID, name) + "<RetrievalId>\(id)</RetrievalId>")
  }

  /// Without its signature.
  static func renew(
    environment: String = "TEST", customerID: String = customerID, name: String? = customerName, request: [UInt8], signature: String = ""
  ) -> String {
    element(
      "RenewCertificateRequest",
      head(environment, customerID, name)
        + "<CertificateRequest>\(Data(request).base64EncodedString())</CertificateRequest>\(signature)")
  }

  static func element(_ name: String, _ content: String) -> String {
    "<v:\(name) xmlns:v=\"\(namespace)\">\(content)</v:\(name)>"
  }

  static func envelope(_ payload: String, header: String = "") -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      + "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">\(header)"
      + "<soapenv:Body>\(payload)</soapenv:Body></soapenv:Envelope>"
  }

  private static func head(_ environment: String, _ customerID: String, _ name: String?) -> String {
    "<Environment>\(environment)</Environment><CustomerId>\(customerID)</CustomerId>"
      + (name.map { "<CustomerName>\($0)</CustomerName>" } ?? "")
  }

  /// What stands between the first `<name>` and the next `</name>`.
  static func content(of name: String, in text: String) -> String? {
    guard let open = text.range(of: "<\(name)>"), let close = text.range(of: "</\(name)>", range: open.upperBound..<text.endIndex)
    else { return nil }
    return String(text[open.upperBound..<close.lowerBound])
  }
}
