public import PKCS11

/// What a token, by its own mechanism list, can do with one kind of key.
public struct AlgorithmOffer: Sendable {
  /// The kind of key.
  public let algorithm: KeyAlgorithm
  /// Why the token cannot make such keys; nil when it can.
  public let objectionToMaking: String?
  /// How such keys sign.
  public let signatures: [Signature]

  /// One way of signing.
  public struct Signature: Sendable {
    /// The algorithm.
    public let algorithm: KeySignatureAlgorithm
    /// The mechanism that makes it; nil when none of the token's can.
    public let mechanism: MechanismType?
    /// Why it cannot be made; nil when it can.
    public let objection: String?
  }

  /// Whether keys of this kind can be made and used.
  public var isUsable: Bool { objectionToMaking == nil && signatures.contains { $0.mechanism != nil } }

  /// - Parameter mechanisms: what `Token.mechanisms()` gave.
  public init(_ algorithm: KeyAlgorithm, mechanisms: [MechanismType: MechanismInformation]) {
    self.algorithm = algorithm
    let offer = MechanismOffer(offered: mechanisms)
    let objection = offer.objection(to: algorithm.generation.type, for: .generateKeyPair, algorithm)
    let isKnown = if case .moduleLattice = algorithm.kind { false } else { true }
    objectionToMaking = isKnown ? objection : objection ?? "the token offers it, and this program does not make such keys yet"
    signatures = algorithm.signatureAlgorithms.map { signature in
      do throws(TokenKeysError) {
        let scheme = try SignatureScheme(signature, for: algorithm, offered: mechanisms)
        return Signature(algorithm: signature, mechanism: scheme.mechanism.type, objection: nil)
      } catch {
        return Signature(algorithm: signature, mechanism: nil, objection: error.message)
      }
    }
  }
}
