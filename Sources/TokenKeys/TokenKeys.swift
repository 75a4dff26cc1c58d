public import PKCS11
public import Secrets
public import X509

/// The key pairs on one token: log in, generate by policy, find exactly one.
///
/// Holds one login on one token and a pool of sessions, whose threads make the token's blocking calls. Values made from it (``TokenKey``)
/// keep it alive.
public final class TokenKeys: Sendable {
  /// The token, as it described itself when it was chosen.
  public let token: Token
  private let pool: SessionPool
  private let handles = KeyHandles()
  private let login: TokenLogin
  private let notices: LoginNotices

  /// Logs in to a token as the normal user; see ``TokenLogin`` for how the PIN is guarded.
  ///
  /// - Parameters:
  ///   - token: the one token to use; see `Module.token(matching:)`. It is chosen before the PIN is read.
  ///   - pin: where the user PIN comes from.
  ///   - memory: where refused PINs are remembered.
  ///   - sessions: how many sessions work at once, how long calls may take, and what happens when the token fails.
  /// - Throws: ``TokenKeysError`` when the PIN was not tried; `PKCS11Error` from `C_OpenSession` or `C_Login`; `SecretError` when the PIN
  ///   cannot be read.
  public convenience init(
    token: Token, pin: SecretSource, memory: PINMemory = PINMemory(), sessions: SessionPool.Configuration = .init()
  ) async throws {
    try await self.init(TokenLogin(token: token, pin: pin, memory: memory), sessions: sessions)
  }

  /// Logs in to a token as the normal user.
  ///
  /// - Parameters:
  ///   - login: the token, where its PIN comes from, and who is there to be asked.
  ///   - sessions: how many sessions work at once, how long calls may take, and what happens when the token fails.
  public init(_ login: TokenLogin, sessions: SessionPool.Configuration = .init()) async throws {
    token = login.token
    self.login = login
    let notices = LoginNotices()
    self.notices = notices
    pool = SessionPool(token: login.token, configuration: sessions, usesProtectedPath: login.source.isProtectedPath) { session in
      notices.add(try login.logIn(&session))
    }
    do {
      // No work but the login that comes before any.
      try await pool.perform(isRepeatable: true) { _ in }
    } catch {
      try? await pool.close()
      throw error
    }
  }

  /// What a person should know about the PIN that was used.
  public var loginNotices: [LoginNotice] { notices.all }

  /// Runs tasks on the threads that make the token's calls. A task that does little else than sign saves two changes of thread for each
  /// signature: see ``PKCS11/PoolTaskExecutor``.
  public var taskExecutor: PoolTaskExecutor { pool.taskExecutor }

  /// Ends the login and the threads, after the work that is already queued. Keys made from this value cannot sign any more.
  ///
  /// Call it before `Module.finalize()`: when it returns, no call of ours is under way in the module but those that passed their deadline.
  ///
  /// - Throws: `PKCS11Error` from `C_CloseSession`.
  public func close() async throws { try await pool.close() }

  /// Does a piece of work on the token, on one of our threads.
  ///
  /// - Parameter isRepeatable: whether it may be done again after it failed half way: true for what changes nothing on the token.
  func perform<Result: Sendable>(
    isRepeatable: Bool, _ body: @escaping @Sendable (TokenConnection) throws -> Result
  ) async throws -> Result {
    let (handles, login) = (handles, login)
    return try await pool.perform(isRepeatable: isRepeatable) { try body(TokenConnection($0, handles, login)) }
  }

  /// The same for callers that cannot suspend: blocks the calling thread.
  func performBlocking<Result: Sendable>(
    isRepeatable: Bool, _ body: @escaping @Sendable (TokenConnection) throws -> Result
  ) throws -> Result {
    let (handles, login) = (handles, login)
    return try pool.performBlocking(isRepeatable: isRepeatable) { try body(TokenConnection($0, handles, login)) }
  }

  /// Every private key that this login can see, by name.
  ///
  /// A key whose public half or kind cannot be read is listed by ``unusableKeys()`` instead.
  public func keys() async throws -> [TokenKey] {
    try await inventory().compactMap { try? $0.key.get() }.sorted {
      ($0.name, $0.identifier.hexadecimal) < ($1.name, $1.identifier.hexadecimal)
    }
  }

  /// Private keys that cannot be used, by label, each with the reason.
  public func unusableKeys() async throws -> [(name: String, reason: String)] {
    try await inventory().compactMap { entry in
      if case .failure(let error) = entry.key { (entry.label, "\(error)") } else { nil }
    }
  }

  /// The one key with this name (`CKA_LABEL`).
  ///
  /// - Throws: ``TokenKeysError`` with ``TokenKeysError/Code/keyNotFound`` or ``TokenKeysError/Code/keyAmbiguous``.
  public func key(named name: String) async throws -> TokenKey {
    try await exactlyOne("named \(name)") { try $0.readKeys(named: name) }
  }

  /// The one key with this `CKA_ID`.
  public func key(identifier: KeyIdentifier) async throws -> TokenKey {
    try await exactlyOne("with CKA_ID \(identifier)") { try $0.readKeys(identifier: identifier) }
  }

  /// The one key whose public half is this one: the only lookup that cannot be misled by labels or identifiers.
  public func key(matching publicKey: Certificate.PublicKey) async throws -> TokenKey {
    let matches = try await keys().filter { $0.publicKey == publicKey }
    let operation = "find the key for a public key on token \(token.label)"
    guard let match = matches.first else {
      throw TokenKeysError(.keyNotFound, operation: operation, message: "no private key on the token belongs to this public key")
    }
    guard matches.count == 1 else {
      throw TokenKeysError(
        .keyAmbiguous, operation: operation,
        message: "\(matches.count) key pairs have this public key: \(matches.map(\.name).joined(separator: ", "))")
    }
    return match
  }

  private func exactlyOne(
    _ described: String, _ search: @escaping @Sendable (TokenConnection) throws -> [FoundKey]
  ) async throws -> TokenKey {
    let operation = "find the key \(described) on token \(token.label)"
    let found = try await perform(isRepeatable: true, search)
    guard let only = found.first else {
      throw TokenKeysError(
        .keyNotFound, operation: operation, message: "the token holds no private key \(described)",
        hint: "list the keys with: hsmkey key list")
    }
    guard found.count == 1 else {
      let identifiers = found.map { $0.identifier.hexadecimal }.joined(separator: ", ")
      throw TokenKeysError(
        .keyAmbiguous, operation: operation, message: "ambiguous: \(found.count) private keys are \(described) (CKA_ID \(identifiers))",
        hint: "a name must be one key's only; rename or remove the others, for instance with pkcs11-tool")
    }
    return TokenKey(try only.parts.get(), keys: self)
  }

  private func inventory() async throws -> [(label: String, key: Result<TokenKey, any Error>)] {
    let found = try await perform(isRepeatable: true) { try $0.readKeys(matching: []) }
    return found.map { entry in (entry.label, entry.parts.map { TokenKey($0, keys: self) }) }
  }
}
