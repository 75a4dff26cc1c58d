import CryptoExtras
import X509

/// Which keys the service certifies.
public struct KeyPolicy: Hashable, Sendable, CustomStringConvertible {
  /// The accepted RSA modulus sizes, in bits.
  public let sizes: Set<Int>

  private init(_ sizes: Set<Int>) { self.sizes = sizes }

  /// What the agency's guide says: RSA of 2048 bits.
  public static let rsa2048Only = KeyPolicy([2048])
  /// RSA of 2048 or 3072 bits.
  public static let rsaUpTo3072 = KeyPolicy([2048, 3072])
  /// RSA of 2048, 3072 or 4096 bits.
  public static let rsaUpTo4096 = KeyPolicy([2048, 3072, 4096])

  /// The policy of a name on a command line: `rsa-2048`, `rsa-3072` (and smaller), `rsa-4096` (and smaller).
  public init?(name: String) {
    guard let policy = [Self.rsa2048Only, .rsaUpTo3072, .rsaUpTo4096].first(where: { $0.description == name }) else { return nil }
    self = policy
  }

  public var description: String { "rsa-\(sizes.max() ?? 2048)" }

  func check(_ key: Certificate.PublicKey) throws(ServiceRefusal) {
    guard let rsa = _RSA.Signing.PublicKey(key) else { throw ServiceRefusal(.keyPolicy, "the key is not an RSA key") }
    guard sizes.contains(rsa.keySizeInBits) else {
      throw ServiceRefusal(.keyPolicy, "an RSA key of \(rsa.keySizeInBits) bits is not accepted")
    }
  }
}
