/// One of the service's three operations; for faults, also the serving of a revocation list.
public struct ServiceOperation: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// The operation's name in the WSDL, which is also its SOAPAction: `signNewCertificate`.
  public let rawValue: String

  /// Nothing for any other name than the three of the WSDL.
  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  private init(known rawValue: String) { self.rawValue = rawValue }

  /// The first certificate, for one-use transfer credentials.
  public static let signNew = ServiceOperation(known: "signNewCertificate")
  /// A new certificate, asked for with the old one's key.
  public static let renew = ServiceOperation(known: "renewCertificate")
  /// The certificate that one of the others asked for.
  public static let get = ServiceOperation(known: "getCertificate")

  /// The serving of a revocation list: no operation of the WSDL and not among ``allCases``; faults know it as `crl`.
  public static let revocationList = ServiceOperation(known: "revocationList")

  public static let allCases: [ServiceOperation] = [.signNew, .renew, .get]

  public var description: String { rawValue }

  /// The short name on a command line: `sign-new`, `renew`, `get`, `crl`.
  public var shortName: String {
    switch self {
    case .signNew: "sign-new"
    case .renew: "renew"
    case .revocationList: "crl"
    default: "get"
    }
  }

  /// The operation of this short name or WSDL name.
  public init?(shortName: String) {
    let all = Self.allCases + [.revocationList]
    guard let known = all.first(where: { $0.shortName == shortName || $0.rawValue == shortName }) else { return nil }
    self = known
  }

  /// The element names' common part: `SignNewCertificate`.
  private var elementName: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
  var requestElement: String { "\(elementName)Request" }
  var responseElement: String { "\(elementName)Response" }

  /// The name of the element that an OK answer carries beside its result.
  var answerElement: String { self == .get ? "Certificate" : "RetrievalId" }
}

/// The namespaces of the messages.
enum Namespaces {
  static let service = "http://certificates.vero.fi/2017/10/certificateservices"
  static let soap = "http://schemas.xmlsoap.org/soap/envelope/"
  static let soap12 = "http://www.w3.org/2003/05/soap-envelope"
  static let signature = "http://www.w3.org/2000/09/xmldsig#"
  static let schemaInstance = "http://www.w3.org/2001/XMLSchema-instance"
}
