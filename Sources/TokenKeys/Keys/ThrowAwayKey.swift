public import PKCS11

/// A key pair that is made to be measured and destroyed again, never to be kept: made by the same templates as real keys, and not held
/// against a policy.
public struct ThrowAwayKey: Sendable {
  /// What kind of key it is.
  public let algorithm: KeyAlgorithm
  /// The label of both halves.
  public let name: String
  private let making: KeyPairMaking
  private let privateKey: ObjectHandle

  /// Asks the token for the pair (`C_GenerateKeyPair`).
  ///
  /// - Parameters:
  ///   - name: a label of its own.
  ///   - isOnToken: the pair is stored on the token, where it stays until it is destroyed. Otherwise it lives in the session and goes with
  ///     it; some tokens refuse such keys.
  ///   - session: read-write for a pair that is stored.
  /// - Throws: what the token answered; ``TokenKeysError/Code/templateRefused``.
  public init(_ algorithm: KeyAlgorithm, named name: String, isOnToken: Bool, in session: inout Session) throws {
    let dialect = session.token.dialect
    let stored: [TokenDialect.Peculiarity] = ObjectClass.keyHalves.map { .wants(.init(.token, isOnToken), at: $0, "") }
    var random = SystemRandomNumberGenerator()
    let identifier = KeyIdentifier((0..<KeyIdentifier.length).map { _ in UInt8.random(in: 0...255, using: &random) })
    var making = KeyPairMaking(
      name: name, identifier: identifier, dialect: TokenDialect(dialect.name, dialect.peculiarities + stored))
    privateKey = try making.make(algorithm, operation: "generate a key to be thrown away", in: &session)
    self.algorithm = algorithm
    self.name = name
    self.making = making
  }

  /// Signs with the first way of signing that the kind of key has. The signature is not verified.
  ///
  /// - Parameter mechanisms: what the token offers.
  public func sign(
    _ message: [UInt8], mechanisms: [MechanismType: MechanismInformation], in session: inout Session
  ) throws -> [UInt8] {
    try SignatureScheme(algorithm.signatureAlgorithms[0], for: algorithm, offered: mechanisms).sign(message, key: privateKey, in: &session)
  }

  /// Destroys both halves.
  ///
  /// - Parameter session: the one in which the pair was made, or for a stored pair any that can write.
  /// - Returns: why something may be left; nil when nothing is.
  public func destroy(in session: inout Session) -> String? {
    do throws(TokenKeysError) {
      try making.remove(in: &session)
      return nil
    } catch {
      return error.message
    }
  }
}
