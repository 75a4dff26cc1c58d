public import X509

/// A key as the lifecycle sees it: a name, an identifier, and something that signs.
public struct LifecycleKey: Sendable {
  /// `CKA_LABEL`.
  public let name: String
  /// `CKA_ID` in hexadecimal.
  public let identifier: String
  /// The key where X509 wants a private key.
  public let privateKey: Certificate.PrivateKey

  /// A key from its parts.
  public init(name: String, identifier: String, privateKey: Certificate.PrivateKey) {
    self.name = name
    self.identifier = identifier
    self.privateKey = privateKey
  }
}

/// Where the lifecycle's keys come from: a token, or software keys in tests.
public protocol LifecycleKeys: Sendable {
  /// Whether no key, nor half of one, has this name.
  func isFree(_ name: String) async throws -> Bool

  /// Generates a key pair under a name that is free, and returns it only if it is what it should be.
  func generateKey(named name: String, algorithm: String) async throws -> LifecycleKey

  /// The key that an interrupted ``generateKey(named:algorithm:)`` left behind; nil when there is none that can be used.
  ///
  /// The interruption may have come between the key's making and the check of what was made, so an implementation checks again: algorithm,
  /// policy, and that both halves belong together. Half a key, several, or one that is not what it should be is left alone: nil.
  func keyLeftBehind(named name: String, algorithm: String) async throws -> LifecycleKey?

  /// The key with this identifier; throws when there is none.
  func key(identifier: String) async throws -> LifecycleKey

  /// A PKCS#10 request signed by the key, DER.
  func certificateRequest(for key: LifecycleKey, subject: DistinguishedName) async throws -> [UInt8]

  /// Keeps a certificate beside its key. Doing it again changes nothing.
  func store(_ certificate: Certificate, for key: LifecycleKey) async throws

  /// Destroys the key pair with this identifier, and the certificates beside it. There is no way back; that it is gone already is fine.
  func destroyKey(identifier: String) async throws
}
