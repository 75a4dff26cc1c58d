/// A `ds:SignedInfo` that keeps the profile. It is read from its own canonical octets, which are what the signature covers.
struct SignedInfo {
  let transforms: ReferenceTransforms
  let digest: [UInt8]

  init(reading element: XMLElement) throws(XMLSignatureError) {
    try element.expect("SignedInfo", .signatureContent)
    guard element.elements(named: SignatureProfile.name("Reference")).count == 1 else {
      throw XMLSignatureError(.oneReference, .verify, "the signature does not have exactly one reference")
    }
    let parts = try element.children(["CanonicalizationMethod", "SignatureMethod", "Reference"], .signatureContent)
    try parts[0].expectAlgorithm(CanonicalizationMethod.exclusive.identifier, .canonicalization)
    try parts[1].expectAlgorithm(SignatureProfile.rsaSHA256, .signatureAlgorithm)
    try parts[2].expect("Reference", .referenceURI, attributes: ["URI"])
    guard parts[2].attributes[XMLName("URI")] == "" else {
      throw XMLSignatureError(.referenceURI, .verify, "the reference is not to the whole document")
    }
    let reference = try parts[2].children(["Transforms", "DigestMethod", "DigestValue"], .transforms)
    transforms = try Self.transforms(reading: reference[0])
    try reference[1].expectAlgorithm(SignatureProfile.sha256, .digestAlgorithm)
    digest = try reference[2].base64("DigestValue", .digest)
  }

  private static func transforms(reading element: XMLElement) throws(XMLSignatureError) -> ReferenceTransforms {
    try element.expect("Transforms", .transforms)
    var algorithms: [String] = []
    for transform in element.elements {
      try transform.expect("Transform", .transforms, attributes: ["Algorithm"])
      guard transform.children.isEmpty else {
        throw XMLSignatureError(.transforms, .verify, "a transform has parameters")
      }
      algorithms.append(transform.attributes[XMLName("Algorithm")] ?? "")
    }
    guard let transforms = ReferenceTransforms.allCases.first(where: { $0.algorithms == algorithms }) else {
      throw XMLSignatureError(.transforms, .verify, "the transforms are not those of the profile")
    }
    return transforms
  }
}

/// What of a `ds:Signature` stands outside `ds:SignedInfo`.
struct SignatureElement {
  let value: [UInt8]
  let certificate: [UInt8]
  /// The modulus and exponent of a `ds:KeyValue`.
  let keyValue: (modulus: [UInt8], exponent: [UInt8])?

  /// An `Id` on the signature is tolerated: nothing here can refer to it.
  init(reading element: XMLElement) throws(XMLSignatureError) {
    try element.expect("Signature", .signatureContent, attributes: ["Id"])
    let parts = try element.children(["SignedInfo", "SignatureValue", "KeyInfo"], .signatureContent)
    value = try parts[1].base64("SignatureValue", .signatureValue)
    try parts[2].expect("KeyInfo", .keyInfo)
    let ofX509Data = parts[2].elements(named: SignatureProfile.name("X509Data"))
    let ofKeyValue = parts[2].elements(named: SignatureProfile.name("KeyValue"))
    guard ofX509Data.count == 1, ofKeyValue.count <= 1, parts[2].elements.count == 1 + ofKeyValue.count else {
      throw XMLSignatureError(.keyInfo, .verify, "the key information is not one X509Data, alone or with a KeyValue")
    }
    certificate = try Self.certificate(reading: ofX509Data[0])
    keyValue = if let element = ofKeyValue.first { try Self.keyValue(reading: element) } else { nil }
  }

  private static func certificate(reading element: XMLElement) throws(XMLSignatureError) -> [UInt8] {
    try element.expect("X509Data", .keyInfo)
    let certificates = element.elements(named: SignatureProfile.name("X509Certificate"))
    let subjects = element.elements(named: SignatureProfile.name("X509SubjectName"))
    guard certificates.count == 1, subjects.count <= 1, element.elements.count == 1 + subjects.count else {
      throw XMLSignatureError(.keyInfo, .verify, "the X509Data is not one certificate, alone or with its subject's name")
    }
    for subject in subjects where !subject.elements.isEmpty || !subject.attributes.isEmpty {
      throw XMLSignatureError(.keyInfo, .verify, "the subject's name is not text alone")
    }
    return try certificates[0].base64("X509Certificate", .keyInfo)
  }

  private static func keyValue(reading element: XMLElement) throws(XMLSignatureError) -> (modulus: [UInt8], exponent: [UInt8]) {
    try element.expect("KeyValue", .keyInfo)
    let key = try element.children(["RSAKeyValue"], .keyInfo)[0]
    try key.expect("RSAKeyValue", .keyInfo)
    let numbers = try key.children(["Modulus", "Exponent"], .keyInfo)
    return (try numbers[0].base64("Modulus", .keyInfo), try numbers[1].base64("Exponent", .keyInfo))
  }
}

/// Strict reading: what is not expected is refused.
extension XMLElement {
  /// The element has that name in the signature namespace, none but these attributes and no text but white space.
  fileprivate func expect(_ localName: String, _ rule: XMLRule, attributes allowed: Set<String> = []) throws(XMLSignatureError) {
    guard name == SignatureProfile.name(localName) else {
      throw XMLSignatureError(rule, .verify, "there is another element where \(localName) belongs")
    }
    guard attributes.keys.allSatisfy({ $0.namespace == nil && allowed.contains($0.localName) }) else {
      throw XMLSignatureError(rule, .verify, "\(localName) has an attribute that the profile does not have")
    }
    guard textIsWhiteSpace else { throw XMLSignatureError(rule, .verify, "\(localName) has text between its elements") }
  }

  /// The child elements, which have these names in this order.
  fileprivate func children(_ localNames: [String], _ rule: XMLRule) throws(XMLSignatureError) -> [XMLElement] {
    let elements = self.elements
    guard elements.map(\.name) == localNames.map(SignatureProfile.name) else {
      throw XMLSignatureError(rule, .verify, "\(name.localName) does not consist of \(localNames.joined(separator: ", "))")
    }
    return elements
  }

  /// The element names that algorithm and nothing else.
  fileprivate func expectAlgorithm(_ identifier: String, _ rule: XMLRule) throws(XMLSignatureError) {
    guard attributes == [XMLName("Algorithm"): identifier], children.isEmpty else {
      throw XMLSignatureError(rule, .verify, "\(name.localName) is not \(identifier) without parameters")
    }
  }

  /// The octets that the element's text encodes.
  fileprivate func base64(_ localName: String, _ rule: XMLRule) throws(XMLSignatureError) -> [UInt8] {
    guard name == SignatureProfile.name(localName), attributes.isEmpty, elements.isEmpty, let octets = Base64.decode(text),
      !octets.isEmpty
    else {
      throw XMLSignatureError(rule, .verify, "\(localName) is not base64 alone")
    }
    return octets
  }
}
