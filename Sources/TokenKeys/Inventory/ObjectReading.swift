import Crypto
import KeyEvidence
import PKCS11
import SwiftASN1

/// One object of a token while it is read for an inventory.
struct ObjectReading {
  private(set) var values: AttributeValues
  /// What could not be read of it, each in a few words.
  private(set) var troubles: [String] = []
  let objectClass: ObjectClass?
  let keyType: KeyType?

  /// Reads the object: everything in one call, and what did not come of it, where it should have, once more with care.
  init(_ handle: ObjectHandle, in session: inout Session) throws(PKCS11Error) {
    let answer = try session.attributes(Self.batch, of: handle)
    var values = answer.values
    var missing = answer.unanswered.filter { $0 == .objectClass || $0 == .keyType }
    var troubles: [String] = []
    if missing.contains(.objectClass) { try Self.fetch([.objectClass], of: handle, &values, &troubles, in: &session) }
    objectClass = try? values.objectClass()
    if objectClass?.isKey == true, missing.contains(.keyType) {
      try Self.fetch([.keyType], of: handle, &values, &troubles, in: &session)
    }
    keyType = try? values.keyType()
    let (objectClass, keyType) = (objectClass, keyType)
    missing =
      answer.unanswered.filter { $0 != .keyType && Self.isExpected($0, objectClass, keyType) } + Self.later(objectClass)
    if !missing.isEmpty { try Self.fetch(missing, of: handle, &values, &troubles, in: &session) }
    self.values = values
    self.troubles = troubles
  }

  /// What is found only later, from what was read.
  mutating func note(_ trouble: String) { troubles.append(trouble) }

  /// Whether the object is kept on the token; what lives in a session of this program is nobody's inventory.
  var isOnToken: Bool { values.bytes(.token) != [0] }

  var label: String { InventoryText.text(values.bytes(.label) ?? []) }
  var id: String { InventoryText.hexadecimal(values.bytes(.id) ?? []) }

  // MARK: What is asked for

  /// Attributes that are true or false, with the inventory's name for each.
  private static let truths: [(AttributeType, InventoryAttribute)] = [
    (.token, .token), (.isPrivate, .isPrivate), (.modifiable, .modifiable), (.copyable, .copyable), (.destroyable, .destroyable),
    (.sensitive, .sensitive), (.alwaysSensitive, .alwaysSensitive), (.extractable, .extractable),
    (.neverExtractable, .neverExtractable), (.local, .local), (.alwaysAuthenticate, .alwaysAuthenticate),
    (.wrapWithTrusted, .wrapWithTrusted), (.trusted, .trusted), (.encrypt, .encrypt), (.decrypt, .decrypt), (.sign, .sign),
    (.signRecover, .signRecover), (.verify, .verify), (.verifyRecover, .verifyRecover), (.wrap, .wrap), (.unwrap, .unwrap),
    (.derive, .derive),
  ]

  /// What an inventory records of a private key, so that of two with the same record the policy thinks the same.
  static let recorded: Set<AttributeType> = Set(truths.map(\.0)).union([.id, .keyType, .keyGenerationMechanism, .allowedMechanisms])

  /// The attributes of one call, whatever the object is: CKA_VALUE is not among them, which is the secret of a key.
  static let batch = AttributeBatch(
    [(.objectClass, 8), (.label, 256), (.id, 256), (.keyType, 8)] + truths.map { ($0.0, 1) } + [
      (.keyGenerationMechanism, 8), (.allowedMechanisms, 512), (.modulus, 1024), (.publicExponent, 16), (.ecParameters, 128),
      (.ecPoint, 256), (.certificateType, 8), (.valueLength, 8),
    ] + KeyPolicy.attributesToRead.map { ($0, 64) })

  private static let storage: Set<AttributeType> = [.token, .isPrivate, .modifiable, .copyable, .destroyable, .label]
  private static let keys: Set<AttributeType> = [.id, .keyType, .local, .keyGenerationMechanism, .derive, .allowedMechanisms]
  private static let secrets: Set<AttributeType> = [
    .sensitive, .alwaysSensitive, .extractable, .neverExtractable, .wrapWithTrusted, .sign, .decrypt, .unwrap,
  ]

  private static let publicKeys = storage.union(keys).union([.encrypt, .verify, .verifyRecover, .wrap, .trusted])
  private static let secretKeys = storage.union(keys).union(secrets).union([.encrypt, .verify, .wrap, .trusted, .valueLength])
  private static let certificates = storage.union([.id, .certificateType, .trusted])

  /// Whether an object of a class should tell an attribute. Of others nobody asks why they are not there.
  private static func isExpected(_ attribute: AttributeType, _ objectClass: ObjectClass?, _ type: KeyType?) -> Bool {
    switch objectClass {
    case .some(.privateKey):
      privateKeys.contains(attribute) || (type == .rsa && rsaMaterial.contains(attribute))
        || ((type == .ec || type == .ecEdwards) && attribute == .ecParameters)
    case .some(.publicKey):
      publicKeys.contains(attribute) || (type == .rsa && rsaMaterial.contains(attribute))
        || ((type == .ec || type == .ecEdwards) && ecMaterial.contains(attribute))
    case .some(.secretKey): secretKeys.contains(attribute)
    case .some(.certificate): certificates.contains(attribute)
    default: storage.contains(attribute)
    }
  }

  private static let rsaMaterial: Set<AttributeType> = [.modulus, .publicExponent]
  private static let ecMaterial: Set<AttributeType> = [.ecParameters, .ecPoint]

  private static let privateKeys =
    storage.union(keys).union(secrets).union([.signRecover, .alwaysAuthenticate]).union(KeyPolicy.attributesToRead)

  /// What is asked for when the class is known, because it may be long or, of another class, secret.
  private static func later(_ objectClass: ObjectClass?) -> [AttributeType] {
    switch objectClass {
    case .some(.certificate): [.value]
    case .some(.data): [.application]
    default: []
    }
  }

  /// Asks for single attributes with care. What the token has to say against one of them is noted and fails nothing else.
  private static func fetch(
    _ types: [AttributeType], of handle: ObjectHandle, _ values: inout AttributeValues, _ troubles: inout [String],
    in session: inout Session
  ) throws(PKCS11Error) {
    do {
      values = values.merging(try session.attributes(types, of: handle))
    } catch {
      guard error.rule == .attributeSize || error.rule == .attributeLength else { throw error }
      guard types.count == 1 else {
        for type in types { try fetch([type], of: handle, &values, &troubles, in: &session) }
        return
      }
      troubles.append("\(types[0]): \(error.message)")
    }
  }

  // MARK: What it says

  /// The claims of an object of a class.
  mutating func claims(of objectClass: ObjectClass) -> AttributeClaims {
    var claims = AttributeClaims()
    let values = values
    for (type, attribute) in Self.truths { claims[truth: attribute] = noting { try values.bool(type) } }
    if objectClass.isKey {
      claims[text: .keyType] = keyType.map { "\($0)" }
      let generation = noting { try values.unsignedLong(.keyGenerationMechanism) }
      claims[text: .keyGenerationMechanism] = generation.flatMap { $0 == UInt.max ? nil : "\(MechanismType(rawValue: $0))" }
      let allowed = noting { try values.mechanisms(.allowedMechanisms) } ?? []
      if !allowed.isEmpty { claims[text: .allowedMechanisms] = allowed.map(\.description).sorted().joined(separator: " ") }
    }
    if objectClass == .secretKey, let length = noting({ try values.unsignedLong(.valueLength) }) {
      claims[text: .valueLength] = "\(length)"
    }
    if objectClass == .data { claims[text: .application] = values.bytes(.application).map { InventoryText.text($0) } }
    if objectClass == .certificate, let type = noting({ try values.unsignedLong(.certificateType) }),
      type != CertificateType.x509.rawValue
    {
      claims[text: .certificateType] = "0x" + String(type, radix: 16)
    }
    return claims
  }

  private mutating func noting<Value>(_ read: () throws -> Value?) -> Value? {
    do { return try read() } catch {
      troubles.append((error as? PKCS11Error).map { "\($0.operation): \($0.message)" } ?? "\(error)")
      return nil
    }
  }

  /// Kind and size of a key, and its public half's name where the object tells enough.
  mutating func publicKey() -> (algorithm: String, sha256: String?) {
    let material = KeyMaterial(keyType, values)
    do {
      let name = try material.name()
      return (name?.algorithm ?? material.algorithm, name?.sha256)
    } catch {
      troubles.append("what it tells of its public key makes none: \(error)")
      return (material.algorithm, nil)
    }
  }
}

/// The public part of a key as a key object tells it.
struct KeyMaterial {
  private let type: KeyType?
  private let values: AttributeValues

  init(_ type: KeyType?, _ values: AttributeValues) {
    self.type = type
    self.values = values
  }

  /// Kind and size, also where the public key itself is not told.
  var algorithm: String {
    switch type {
    case .some(.ec): values.bytes(.ecParameters).map { PublicKeyName.algorithm(ofCurve: $0) } ?? "CKK_EC"
    case .some(.ecEdwards):
      values.bytes(.ecParameters).map { EdwardsParameters.all.contains(EdwardsParameters(bytes: $0)) ? "ed25519" : "CKK_EC_EDWARDS" }
        ?? "CKK_EC_EDWARDS"
    case .some(let type): "\(type)"
    case .none: "unknown"
    }
  }

  /// The name of the public key; nil where the object does not tell it.
  func name() throws -> PublicKeyName? {
    switch type {
    case .some(.rsa):
      guard let modulus = values.bytes(.modulus), let exponent = values.bytes(.publicExponent), !modulus.isEmpty, !exponent.isEmpty else {
        return nil
      }
      return try PublicKeyName(rsaModulus: modulus, exponent: exponent)
    case .some(.ec):
      guard let parameters = values.bytes(.ecParameters), let encoded = values.bytes(.ecPoint), !encoded.isEmpty else { return nil }
      let curve = EllipticCurve.allCases.first { $0.parameters == parameters }
      return try PublicKeyName(curve: parameters, point: Self.point(encoded, size: curve.map { 1 + 2 * $0.coordinateSize }))
    case .some(.ecEdwards):
      guard let encoded = values.bytes(.ecPoint), !encoded.isEmpty else { return nil }
      return try PublicKeyName(edwardsKey: Self.point(encoded, size: [32, 57].contains(encoded.count) ? encoded.count : nil))
    default: return nil
    }
  }

  /// The point's own bytes: in an OCTET STRING as the standard has it, in a BIT STRING, or bare.
  private static func point(_ encoded: [UInt8], size: Int?) throws -> [UInt8] {
    if encoded.count == size { return encoded }
    if encoded.first == 0x03 { return Array(try ASN1BitString(derEncoded: encoded).bytes) }
    guard let inner = try? ASN1OctetString(derEncoded: encoded) else {
      if size != nil { throw ASN1Error.invalidASN1Object(reason: "the point has not the size of its curve") }
      return encoded
    }
    return Array(inner.bytes)
  }
}

/// Texts and identifiers as an inventory keeps them.
enum InventoryText {
  /// A text as it is when it is UTF-8 of reasonable length without control characters; otherwise its bytes in hexadecimal, or of a long one
  /// what identifies it.
  static func text(_ bytes: [UInt8]) -> String {
    if bytes.count <= 256, bytes.allSatisfy({ (0x20...0x7E).contains($0) }) { return String(decoding: bytes, as: UTF8.self) }
    if let text = String(validating: bytes, as: UTF8.self), bytes.count <= 1024,
      text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
    {
      return text
    }
    return bytes.count <= 256 ? "0x" + bytes.hexadecimal : "(\(bytes.count) bytes, SHA-256 \(bytes.sha256))"
  }

  /// Hexadecimal digits of an identifier of reasonable length; otherwise its digest.
  static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.count <= 256 ? bytes.hexadecimal : "(\(bytes.count) bytes, SHA-256 \(bytes.sha256))"
  }
}

extension [UInt8] {
  fileprivate var digest: SHA256.Digest { SHA256.hash(data: self) }
  /// SHA-256, in hexadecimal.
  var sha256: String { digest.hexadecimal }
}

extension ObjectClass {
  /// Whether it is a key of any kind.
  fileprivate var isKey: Bool { self == .privateKey || self == .publicKey || self == .secretKey }
}
