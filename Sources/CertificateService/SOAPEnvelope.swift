/// The SOAP 1.1 envelope around a request.
public struct SOAPEnvelope: Sendable {
  /// The namespace of SOAP 1.1 (W3C Note of 8 May 2000, section 4.1.2). SOAP 1.2 has another.
  public static let namespace = "http://schemas.xmlsoap.org/soap/envelope/"

  /// Puts the envelope around the payload, byte for byte: the payload is never parsed and written anew, because that would
  /// break its signature.
  ///
  /// - Parameter payload: one element as UTF-8, without an XML declaration.
  /// - Throws: `REQUEST-PAYLOAD` where the payload does not begin with an element.
  public static func wrap(payload: [UInt8]) throws(CertificateServiceError) -> [UInt8] {
    guard payload.count > 2, payload[0] == UInt8(ascii: "<"), payload[1] != UInt8(ascii: "?"), payload[1] != UInt8(ascii: "!") else {
      throw CertificateServiceError(
        code: .invalidRequest, rule: .requestPayload, operation: "put the request into a SOAP envelope",
        message: "the payload does not begin with an element")
    }
    var envelope: [UInt8] = []
    envelope.reserveCapacity(payload.count + 256)
    envelope.append(contentsOf: "\(opening)".utf8)
    envelope.append(contentsOf: payload)
    envelope.append(contentsOf: "\(closing)".utf8)
    return envelope
  }

  static let opening: StaticString = """
    <?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/">\
    <SOAP-ENV:Body>
    """

  static let closing: StaticString = "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
}
