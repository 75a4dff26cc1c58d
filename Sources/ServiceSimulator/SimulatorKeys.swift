import CryptoExtras
public import X509

/// The RSA keys of the simulated CAs and of the certificate that signs responses.
///
/// Fresh for every simulator by default. A test suite that starts many simulators makes one set and shares it.
public struct SimulatorKeys: Sendable {
  /// The key of the self-signed CA.
  public let root: Certificate.PrivateKey
  /// The key of the CA between the root and the two that issue.
  public let intermediate: Certificate.PrivateKey
  /// The key of the CA that issues the customers' certificates.
  public let providers: Certificate.PrivateKey
  /// The key of the CA that issues the response signer's certificate.
  public let services: Certificate.PrivateKey
  /// The key that signs the answers.
  public let responseSigner: Certificate.PrivateKey

  /// Makes five fresh keys.
  ///
  /// - Parameter rootKeySize: bits of the root's and the intermediate's keys; the agency's production CAs have 4096, its test
  ///   CAs 8192. The others have 2048.
  /// - Throws: the library's error where it cannot make a key of that size.
  public init(rootKeySize: Int = 2048) throws {
    func key(_ bits: Int) throws -> Certificate.PrivateKey {
      Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: _RSA.Signing.KeySize(bitCount: bits)))
    }
    guard [2048, 3072, 4096, 8192].contains(rootKeySize) else {
      throw SimulatorError(
        .configuration, "make the keys of the CAs", "a root key of \(rootKeySize) bits is not supported",
        hint: "use 2048, 3072, 4096 or 8192")
    }
    root = try key(rootKeySize)
    intermediate = try key(rootKeySize)
    providers = try key(2048)
    services = try key(2048)
    responseSigner = try key(2048)
  }
}
