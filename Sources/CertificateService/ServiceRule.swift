/// A rule of this room, by its name. The name stands in the error, in the documentation and in the name of the test.
public struct ServiceRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// The name, for example `RESPONSE-SIGNER-CHAIN`.
  public let rawValue: String

  /// A rule by its name.
  public init(rawValue: String) { self.rawValue = rawValue }

  private init(_ name: String) { rawValue = name }

  /// The name.
  public var description: String { rawValue }

  /// Every rule of this room.
  public static let allCases: [ServiceRule] = [
    .requestText, .requestCertificateRequest, .requestEnvironment, .requestSignerKey, .requestPayload,
    .responseStatus, .responseContentType, .responseSize, .responseXML, .responseFault, .responseEnvelope, .responseOnePayload,
    .responseSignature, .responseSignerChain, .responseSchema, .responseResult, .responseMissingElement, .responseRefused,
    .pemSize, .pemFrame, .pemBase64, .pemPrivateKey, .pemCertificate,
    .trustAnchor, .trustAuthority, .trustChain, .trustLeaf, .trustPinsFile,
    .certificateDER, .certificateKey, .certificateCustomer, .certificateIssuer, .certificateChain, .certificateValidity,
    .certificateNotKnown,
    .revocationRevoked, .revocationListAvailable, .revocationListIssuer, .revocationListCurrent, .revocationListFormat,
    .revocationListExtension, .revocationListSize,
  ]
}

// MARK: - What is sent

extension ServiceRule {
  /// A text of a request has the length that the schema allows, counted in Unicode scalars, and only characters that XML 1.0 allows
  /// and that `xs:normalizedString` would not change.
  public static let requestText = ServiceRule("REQUEST-TEXT")

  /// A certificate request has 1 to 10240 octets of DER.
  public static let requestCertificateRequest = ServiceRule("REQUEST-CSR-SIZE")

  /// A request is sent only to the environment that it names.
  public static let requestEnvironment = ServiceRule("REQUEST-ENVIRONMENT")

  /// A renewal is signed with the private key of the certificate that is being renewed.
  public static let requestSignerKey = ServiceRule("REQUEST-SIGNER-KEY")

  /// A SOAP payload is one element without an XML declaration in front of it.
  public static let requestPayload = ServiceRule("REQUEST-PAYLOAD")
}

// MARK: - What is answered

extension ServiceRule {
  /// An answer has HTTP status 200.
  public static let responseStatus = ServiceRule("RESPONSE-STATUS")

  /// An answer says that it is XML.
  public static let responseContentType = ServiceRule("RESPONSE-CONTENT-TYPE")

  /// An answer is within the size limit.
  public static let responseSize = ServiceRule("RESPONSE-SIZE")

  /// An answer is well-formed XML without a document type declaration.
  public static let responseXML = ServiceRule("RESPONSE-XML")

  /// A SOAP fault is unsigned: it is the text of an error and never data.
  public static let responseFault = ServiceRule("RESPONSE-FAULT")

  /// An answer is one SOAP 1.1 envelope: an optional header without entries, then one body.
  public static let responseEnvelope = ServiceRule("RESPONSE-ENVELOPE")

  /// The body holds exactly one element, the response that belongs to the request.
  public static let responseOnePayload = ServiceRule("RESPONSE-ONE-PAYLOAD")

  /// The response carries one valid enveloped signature over the whole of itself.
  public static let responseSignature = ServiceRule("RESPONSE-SIGNATURE")

  /// The signer of the response chains to the configured response anchors at the time of the answer.
  public static let responseSignerChain = ServiceRule("RESPONSE-SIGNER-CHAIN")

  /// The verified response has the elements of the schema, in its order, and no others.
  public static let responseSchema = ServiceRule("RESPONSE-SCHEMA")

  /// The result is OK or FAIL, and a FAIL carries no retrieval id and no certificate.
  public static let responseResult = ServiceRule("RESPONSE-RESULT")

  /// A result of OK carries the retrieval id or the certificate that was asked for.
  public static let responseMissingElement = ServiceRule("RESPONSE-MISSING-ELEMENT")

  /// The service answered FAIL, signed.
  public static let responseRefused = ServiceRule("RESPONSE-REFUSED")
}

// MARK: - Files and trust

extension ServiceRule {
  /// A file of certificates has at most 1 MiB and at most 64 blocks.
  public static let pemSize = ServiceRule("PEM-SIZE")

  /// A PEM block begins and ends with lines that carry the same label (RFC 7468).
  public static let pemFrame = ServiceRule("PEM-FRAME")

  /// The text of a PEM block is base64 with its padding, apart from white space (RFC 4648 section 4).
  public static let pemBase64 = ServiceRule("PEM-BASE64")

  /// A file of certificates holds no private key.
  public static let pemPrivateKey = ServiceRule("PEM-PRIVATE-KEY")

  /// A certificate is one whole DER value: nothing is missing and nothing follows.
  public static let pemCertificate = ServiceRule("PEM-CERTIFICATE")

  /// There is at least one trust anchor, and the signature of each anchor verifies with its own key.
  public static let trustAnchor = ServiceRule("TRUST-ANCHOR")

  /// Every certificate given as an authority is one: its basic constraints say so.
  public static let trustAuthority = ServiceRule("TRUST-AUTHORITY")

  /// A certificate chains to an anchor by RFC 5280 section 6, without SHA-1 and without RSA keys below 2048 bits.
  public static let trustChain = ServiceRule("TRUST-CHAIN")

  /// An end-entity certificate is not an authority, and its key usage, where it has one, allows signatures.
  public static let trustLeaf = ServiceRule("TRUST-LEAF")

  /// A file of pins names its format in its first line, and one authority in each other: environment, role, SHA-256, common name.
  public static let trustPinsFile = ServiceRule("TRUST-PINS-FILE")
}

// MARK: - The issued certificate

extension ServiceRule {
  /// The issued certificate is a single DER certificate and nothing else.
  public static let certificateDER = ServiceRule("CERT-DER")

  /// The issued certificate holds the public key that was asked for.
  public static let certificateKey = ServiceRule("CERT-KEY")

  /// The subject of the issued certificate has exactly one common name, the customer id.
  public static let certificateCustomer = ServiceRule("CERT-CUSTOMER")

  /// The issuer of the issued certificate is that of the certificate that it renews, or one that the configuration allows.
  public static let certificateIssuer = ServiceRule("CERT-ISSUER")

  /// The issued certificate chains to the configured issuer anchors.
  public static let certificateChain = ServiceRule("CERT-CHAIN")

  /// The issued certificate is valid now, and its lifetime is plausible: one day to 1100 days.
  public static let certificateValidity = ServiceRule("CERT-VALIDITY")

  /// The issued certificate is a new one, not one that was received before.
  public static let certificateNotKnown = ServiceRule("CERT-NOT-KNOWN")
}

// MARK: - Revocation lists

extension ServiceRule {
  /// A certificate is not on the revocation list of the authority that issued it.
  public static let revocationRevoked = ServiceRule("REVOCATION-REVOKED")

  /// There is a revocation list of the authority that issued a certificate.
  public static let revocationListAvailable = ServiceRule("REVOCATION-LIST-AVAILABLE")

  /// A revocation list is named after the authority that issued the certificate, and signed with that authority's key, without SHA-1.
  public static let revocationListIssuer = ServiceRule("REVOCATION-LIST-ISSUER")

  /// A revocation list has been made, and its time is not over: it is between thisUpdate and nextUpdate.
  public static let revocationListCurrent = ServiceRule("REVOCATION-LIST-CURRENT")

  /// A revocation list is one whole DER CertificateList of version 2 with a nextUpdate (RFC 5280 section 5.1).
  public static let revocationListFormat = ServiceRule("REVOCATION-LIST-FORMAT")

  /// A revocation list speaks for all of its issuer's certificates and for no others: it is not delta, partial or indirect, and no critical
  /// extension is unknown.
  public static let revocationListExtension = ServiceRule("REVOCATION-LIST-EXTENSION")

  /// A revocation list has at most 4 MiB of DER.
  public static let revocationListSize = ServiceRule("REVOCATION-LIST-SIZE")
}
