public import PKCS11

extension Token {
  /// Why keys of these kinds cannot be made on the token, a sentence each; empty when all can.
  ///
  /// Blocks while the token lists its mechanisms (`C_GetMechanismList`, `C_GetMechanismInfo`).
  public func objections(toMaking algorithms: [KeyAlgorithm]) throws -> [String] {
    guard !algorithms.isEmpty else { return [] }
    let offer = MechanismOffer(offered: try mechanisms())
    return algorithms.compactMap { algorithm in
      offer.objection(to: algorithm.generation.type, for: .generateKeyPair, algorithm).map { "\(algorithm): \($0)" }
    }
  }
}
