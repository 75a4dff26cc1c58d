import CryptoExtras
import Foundation
import X509

/// What some faults need: keys of a hierarchy that nobody trusts, made when first asked for and kept for the process.
struct FaultMaterials: Sendable {
  /// The keys of the other hierarchy.
  let keys: SimulatorKeys
  /// A key that no customer has.
  let anotherKey: Certificate.PrivateKey

  private static let shared = Result {
    FaultMaterials(
      keys: try SimulatorKeys(), anotherKey: Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits2048)))
  }

  static func materials() throws -> FaultMaterials { try shared.get() }
}
