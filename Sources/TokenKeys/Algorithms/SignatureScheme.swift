import PKCS11
import Secrets

/// How one signature algorithm is made by one token: which mechanism, and what is handed to it.
struct SignatureScheme {
  let algorithm: KeySignatureAlgorithm
  let mechanism: Mechanism
  private let input: Input
  private let signatureSize: Int

  private enum Input {
    /// The token gets the message and digests it itself where the algorithm wants a digest.
    case message
    /// We digest, and wrap the digest as PKCS #1 v1.5 wants it.
    case digestInfo(SignatureHash)
    /// We digest, and hand over the bare digest.
    case digest(SignatureHash)
  }

  /// - Parameter offered: the token's mechanisms; the first candidate that is offered for signing with such a key is used.
  /// - Throws: ``TokenKeysError`` with ``TokenKeysError/Code/algorithmMismatch`` or ``TokenKeysError/Code/mechanismMissing``.
  init(
    _ algorithm: KeySignatureAlgorithm, for key: KeyAlgorithm, offered: [MechanismType: MechanismInformation]
  ) throws(TokenKeysError) {
    try Self.check(algorithm, for: key)
    self.algorithm = algorithm
    signatureSize = key.signatureSize
    let offer = MechanismOffer(offered: offered)
    var objections: [String] = []
    for (mechanism, input) in Self.candidates(algorithm) {
      guard let objection = offer.objection(to: mechanism.type, for: .sign, key) else {
        self.mechanism = mechanism
        self.input = input
        return
      }
      objections.append(objection)
    }
    throw TokenKeysError(
      .mechanismMissing, operation: "sign with a key of kind \(key)", message: objections.joined(separator: "; "))
  }

  /// The mechanisms that make an algorithm, in order of preference.
  ///
  /// RSA: the one that digests and pads first, because tokens under strict rules forbid the raw one. ECDSA: the one over a digest first,
  /// which nearly every token has, and which spares it the message.
  private static func candidates(_ algorithm: KeySignatureAlgorithm) -> [(Mechanism, Input)] {
    switch algorithm.form {
    case .rsaPKCS1(let hash): [(hash.rsaPKCS, .message), (.rsaPKCS, .digestInfo(hash))]
    case .rsaPSS(let hash): [(.hashingRSAPKCSPSS(hash: hash.pss), .message), (.rsaPKCSPSS(hash: hash.pss), .digest(hash))]
    case .ecdsa(let hash): [(.ecdsa, .digest(hash)), (hash.ecdsa, .message)]
    case .edwards: [(.edDSA, .message)]
    case .moduleLattice: [(.mlDSA, .message)]
    }
  }

  /// Every mechanism that makes one of a key's signatures, in order of preference.
  static func mechanisms(for key: KeyAlgorithm) -> [MechanismType] {
    var mechanisms: [MechanismType] = []
    for candidate in key.signatureAlgorithms.flatMap(candidates) where !mechanisms.contains(candidate.0.type) {
      mechanisms.append(candidate.0.type)
    }
    return mechanisms
  }

  /// Refuses an algorithm that a kind of key does not sign with. Needs no token.
  static func check(_ algorithm: KeySignatureAlgorithm, for key: KeyAlgorithm) throws(TokenKeysError) {
    guard key.signatureAlgorithms.contains(algorithm) else { throw mismatch(algorithm.description, key) }
  }

  /// The error for an algorithm that a kind of key does not sign with.
  static func mismatch(_ algorithm: String, _ key: KeyAlgorithm) -> TokenKeysError {
    TokenKeysError(
      .algorithmMismatch, operation: "sign with a key of kind \(key)", message: "such a key does not sign with \(algorithm)",
      hint: "it signs with \(key.signatureAlgorithms.map(\.description).joined(separator: ", "))")
  }

  /// Asks the token for the signature (`C_SignInit`, `C_Sign`). Nobody has verified the result yet.
  ///
  /// - Parameter authentication: how the PIN gets to the token for a key that wants it at each use; nil for other keys.
  func sign(
    _ message: [UInt8], key: ObjectHandle, authentication: TokenLogin? = nil, in session: inout Session
  ) throws -> [UInt8] {
    let data =
      switch input {
      case .message: message
      case .digestInfo(let hash): hash.digestInfo(message)
      case .digest(let hash): hash.digest(message)
      }
    let raw =
      if let authentication {
        try authentication.sign(data, with: mechanism, key: key, maximumSignatureSize: signatureSize, in: &session)
      } else {
        try session.sign(data, with: mechanism, key: key, maximumSignatureSize: signatureSize)
      }
    guard raw.count == signatureSize else {
      throw TokenKeysError(
        .ruleRefused, rule: .verifyAfterSign, operation: "sign on the token",
        message: "the token returned a signature of \(raw.count) bytes where \(signatureSize) belong")
    }
    return raw
  }
}
