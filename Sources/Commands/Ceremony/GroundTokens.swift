import PKCS11
import Secrets
import TokenKeys

/// The tokens of a rehearsal: made, looked for and logged in to before the ceremony itself begins.
struct GroundTokens: Sendable {
  let context: CommandContext
  /// The module's path.
  let path: String
  let memory: PINMemory

  /// The module, initialised. Close it before anybody else in this process relies on it: SoftHSM looks for new tokens only when it is
  /// initialised.
  func open() async throws -> Module {
    // Neither another module's digest nor its parameters are meant for this one.
    try await context.loadModule(at: path, pin: ModulePin(owner: context.modulePin().owner), initializationString: nil)
  }

  func close(_ module: Module) async throws { try await context.waiting("finalize SoftHSM") { try module.finalize() } }

  /// Initialises the next free token.
  func make(labelled label: String, officer: SecretSource, user: SecretSource, in module: Module) async throws -> Token {
    let operation = "make the throw-away token \(label)"
    return try await context.waiting(operation) {
      let tokens = try module.slots(withTokenPresent: true).compactMap { try $0.token() }
      guard let free = tokens.first(where: { !$0.flags.contains(.tokenInitialized) }) else {
        throw CommandError(.tokenOrKey, code: "token-not-found", operation: operation, message: "SoftHSM offers no free token")
      }
      return try TokenInitialization(free, label: label, securityOfficerPIN: officer, userPIN: user, memory: memory).run().token
    }
  }

  /// Logs in, works and logs out.
  func with(_ token: Token, _ pin: SecretSource, _ body: (TokenKeys) async throws -> Void) async throws {
    let keys = try await TokenKeys(token: token, pin: pin, memory: memory, sessions: context.poolConfiguration)
    do {
      try await body(keys)
    } catch {
      try? await keys.close()
      throw error
    }
    try await keys.close()
  }
}
