import X509

/// A statement whose bytes are canonical, whose content is what its manifest says, and whose manifest every one of its signers signed.
///
/// Only the check makes one. Who the signers are is the caller's to judge: a stranger's key signs as well as any other.
public struct VerifiedStatement: Sendable {
  /// What kind of document it is, with its version.
  public let format: String
  /// What is stated.
  public let content: JSONValue
  /// The signatures, at least one, all good.
  public let signatures: [StatementSignature]

  /// Checks the bytes of a file.
  ///
  /// The time is linear in the number of bytes. What is wrong is told with its place: bytes that are no canonical JSON with their offset, a
  /// changed content with the section and the element of it whose digest differs, a changed manifest with the entry that is not the signed
  /// one.
  ///
  /// - Throws: `EVIDENCE-SIZE`, `EVIDENCE-CANONICAL`, `EVIDENCE-MEMBER-ONCE`, `EVIDENCE-MEMBERS`, `EVIDENCE-FORMAT`, `EVIDENCE-SIGNERS`,
  ///   `EVIDENCE-ALGORITHM`, `EVIDENCE-DIGEST`, `EVIDENCE-MANIFEST` or `EVIDENCE-SIGNATURE`.
  public static func verify(_ bytes: [UInt8], format: String) throws(EvidenceError) -> VerifiedStatement {
    let document = try EvidenceObject(
      try CanonicalJSON.parse(bytes), at: "", required: ["content", "manifest", "signatures"], operation: operation)
    let content = try document.required("content")
    guard case .object = content else { throw document.failure("content", "there is \(content.kind) in the place of an object") }
    let manifest = try manifest(try document.required("manifest"))
    var claims: [SignatureClaim] = []
    for (pointer, value) in try document.elements("signatures", maximum: StatementSignature.maximumCount) {
      claims.append(try SignatureClaim(value, at: pointer, operation: operation))
    }
    let check = StatementCheck(
      expectedFormat: format, stated: manifest, computed: StatementManifest(format: format, content: content), claims: claims,
      operation: operation)
    return VerifiedStatement(format: format, content: content, signatures: try check.signatures())
  }

  /// Whether bytes are meant to be a statement of this format: its name is in them, or they begin with the first section that the content
  /// of this format has, however they are spaced. What is changed in it, or cut off, is another matter.
  ///
  /// It tells a proof that cannot be trusted from a file that is something else altogether.
  public static func seemsToBe(_ bytes: [UInt8], format: String, firstSection: String) -> Bool {
    let blank: Set<UInt8> = [0x09, 0x0A, 0x0D, 0x20, 0xEF, 0xBB, 0xBF]
    return bytes.prefix(512).filter { !blank.contains($0) }.starts(with: "{\"content\":{\"\(firstSection)\":".utf8)
      || bytes.firstRange(of: Array(format.utf8)) != nil
  }

  private static let operation = "verify the statement"

  private static func manifest(_ value: JSONValue) throws(EvidenceError) -> StatementManifest {
    let object = try EvidenceObject(value, at: "/manifest", required: ["format", "sha256"], operation: operation)
    let stated = try object.required("sha256")
    guard case .object(let members) = stated else { throw object.failure("sha256", "there is \(stated.kind) in the place of an object") }
    var digests: [String: String] = [:]
    for (name, value) in members {
      guard case .string(let digest) = value, EvidenceText.isSHA256(digest) else {
        throw EvidenceError(
          .members, where: JSONPointer.appending(EvidenceText.shown(name), to: "/manifest/sha256"), operation: operation,
          message: "it is no SHA-256 in 64 lower-case hexadecimal digits")
      }
      digests[name] = digest
    }
    return StatementManifest(format: try object.text("format", 1...128), sha256: digests)
  }
}

/// A signature as a document has it, before it is verified.
struct SignatureClaim {
  let pointer: String
  let role: String
  let algorithm: StatementSignatureAlgorithm
  let publicKey: Certificate.PublicKey
  let statedSHA256: String
  let computedSHA256: String
  let signature: [UInt8]

  init(_ value: JSONValue, at pointer: String, operation: String) throws(EvidenceError) {
    let object = try EvidenceObject(
      value, at: pointer, required: ["algorithm", "public-key", "public-key-sha256", "role", "signature"], operation: operation)
    self.pointer = pointer
    role = try object.text("role", 1...64)
    guard StatementSignature.knownRoles.contains(role) else {
      throw object.failure("role", "the role is none of \(StatementSignature.knownRoles.sorted().joined(separator: ", "))", rule: .signers)
    }
    guard let algorithm = StatementSignatureAlgorithm(rawValue: try object.text("algorithm", 1...64)) else {
      throw object.failure("algorithm", "no such algorithm is known here", rule: .algorithm)
    }
    self.algorithm = algorithm
    let der = try object.bytes("public-key", maximum: 16_384)
    guard let publicKey = Certificate.PublicKey(canonicalSubjectPublicKeyInfo: der) else {
      throw object.failure("public-key", "it is no DER SubjectPublicKeyInfo of an RSA, P-256, P-384, P-521 or Ed25519 key", rule: .signers)
    }
    self.publicKey = publicKey
    computedSHA256 = EvidenceText.sha256(der)
    statedSHA256 = try object.sha256("public-key-sha256")
    signature = try object.bytes("signature", maximum: 16_384)
  }

  func verifies(over bytes: [UInt8]) -> Bool { algorithm.isValid(signature, over: bytes, by: publicKey) }
}
