public import X509

/// A signature under a statement. It verifies, or there is none.
public struct StatementSignature: Sendable, Hashable {
  /// In which role it was given: see ``knownRoles``. The role is the signer's own word and is not signed; what counts is the key.
  public let role: String
  /// How it was made.
  public let algorithm: StatementSignatureAlgorithm
  /// Whose it is.
  public let publicKey: Certificate.PublicKey
  /// The bytes as `openssl dgst -verify` takes them; for ECDSA the DER sequence of r and s.
  public let signature: [UInt8]
  /// The SHA-256 of the DER SubjectPublicKeyInfo, in hexadecimal.
  public let publicKeySHA256: String
  /// The bytes that it was verified over.
  let signedBytes: [UInt8]
  let subjectPublicKeyInfo: [UInt8]

  /// The roles: `key` is the key that the statement is about, or a key of the token that it is about; `auditor` is whoever had it made;
  /// `witness` is whoever was there.
  public static let knownRoles: Set<String> = ["auditor", "key", "witness"]

  /// How many signatures a statement has at most.
  public static let maximumCount = 16

  /// A signature over the bytes of a draft.
  ///
  /// - Throws: `EVIDENCE-SIGNERS` for a role that is not known; `EVIDENCE-ALGORITHM` where the key does not sign that way;
  ///   `EVIDENCE-SIGNATURE` where it does not verify.
  public init(
    role: String, algorithm: StatementSignatureAlgorithm, publicKey: Certificate.PublicKey, signature: [UInt8], of draft: StatementDraft
  ) throws(EvidenceError) {
    try self.init(
      role: role, algorithm: algorithm, publicKey: publicKey, signature: signature, over: draft.bytesToSign, at: "/signatures",
      operation: "sign the statement")
  }

  init(
    role: String, algorithm: StatementSignatureAlgorithm, publicKey: Certificate.PublicKey, signature: [UInt8], over bytes: [UInt8],
    at pointer: String, operation: String
  ) throws(EvidenceError) {
    guard Self.knownRoles.contains(role) else {
      throw EvidenceError(
        .signers, where: "\(pointer)/role", operation: operation,
        message: "the role is none of \(Self.knownRoles.sorted().joined(separator: ", "))")
    }
    guard algorithm.fits(publicKey) else {
      throw EvidenceError(
        .algorithm, where: "\(pointer)/algorithm", operation: operation,
        message: "no signature of the kind \(algorithm) is made with such a key")
    }
    guard algorithm.isValid(signature, over: bytes, by: publicKey) else {
      throw EvidenceError(
        .signature, where: "\(pointer)/signature", operation: operation, message: "the signature does not verify with its public key")
    }
    self.role = role
    self.algorithm = algorithm
    self.publicKey = publicKey
    self.signature = signature
    subjectPublicKeyInfo = try publicKey.subjectPublicKeyInfo
    publicKeySHA256 = EvidenceText.sha256(subjectPublicKeyInfo)
    signedBytes = bytes
  }

  var value: JSONValue {
    [
      "algorithm": .string(algorithm.rawValue), "public-key": .string(EvidenceText.base64(subjectPublicKeyInfo)),
      "public-key-sha256": .string(publicKeySHA256), "role": .string(role), "signature": .string(EvidenceText.base64(signature)),
    ]
  }

  /// The order in a document: by role, then by the SHA-256 of the public key.
  static func isAscending(_ left: StatementSignature, _ right: StatementSignature) -> Bool {
    (left.role, left.publicKeySHA256) < (right.role, right.publicKeySHA256)
  }
}
