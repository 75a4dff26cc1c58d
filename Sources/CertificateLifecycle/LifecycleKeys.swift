public import X509

/// A key as the lifecycle sees it: a name, an identifier, and something that signs.
public struct LifecycleKey: Sendable {
  public let name: String
  /// `CKA_ID` in hexadecimal.
  public let identifier: String
  public let privateKey: Certificate.PrivateKey

  public init(name: String, identifier: String, privateKey: Certificate.PrivateKey) {
    self.name = name
    self.identifier = identifier
    self.privateKey = privateKey
  }
}

/// Where the lifecycle's keys come from: a token, or software keys in tests.
public protocol LifecycleKeys: Sendable {
  /// Generates a key pair under a name that is free.
  func generateKey(named name: String, algorithm: String) async throws -> LifecycleKey
  /// The key with this name, or nil when there is none.
  func key(named name: String) async throws -> LifecycleKey?
  /// The key with this identifier.
  func key(identifier: String) async throws -> LifecycleKey
  /// A PKCS#10 request signed by the key, DER.
  func certificateRequest(for key: LifecycleKey, subject: DistinguishedName) async throws -> [UInt8]
  /// Keeps a certificate beside its key. Doing it again changes nothing.
  func store(_ certificate: Certificate, for key: LifecycleKey) async throws
}
