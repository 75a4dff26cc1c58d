import KeyEvidence
import PKCS11
import Secrets
import TokenKeys

extension CeremonyRun {
  /// A token as the site has it.
  func siteToken(_ id: String) throws -> SiteBinding.Token {
    guard let token = site.tokens[id] else {
      throw CeremonyError(.siteComplete, operation: "choose the token \(id)", message: "the site has no token \(id)")
    }
    return token
  }

  /// The module of a token, loaded once.
  func module(of id: String) async throws -> Module { try await module(try siteToken(id)) }

  func module(_ token: SiteBinding.Token) async throws -> Module {
    guard let digest = [UInt8](hexadecimal: token.moduleSHA256) else {
      throw CeremonyError(.siteFile, operation: "load the module \(token.module)", message: "module-sha256 is no SHA-256")
    }
    // A file that is loaded already is held against another digest as well.
    if let known = modules[token.module], known.file.sha256 == digest { return known }
    let module = try await surroundings.loadModule(token.module, digest)
    modules[token.module] = module
    return module
  }

  /// The serial number that a token must have: the site's, or the one that it got in this run; nil while it is blank.
  func serial(of id: String) throws -> String? { try serials[id] ?? siteToken(id).serial }

  /// Every token that a module shows, initialised or not. One that an initialisation was cut off in may not be readable at all: nothing is
  /// done with it.
  func allTokens(of module: Module, _ operation: String) async throws -> [Token] {
    try await waiting(operation) {
      try module.slots(withTokenPresent: true).compactMap { slot in
        do throws(PKCS11Error) {
          return try slot.token()
        } catch {
          guard error.returnValue == .generalError || error.returnValue == .tokenNotRecognized else { throw error }
          return nil
        }
      }
    }
  }

  /// The one token of the plan as it is now, initialised.
  ///
  /// - Throws: `CEREMONY-TOKEN-SERIAL` when no token has its serial number, or several have; `CEREMONY-TOKEN-STATE` for another label.
  func presentToken(_ id: String, _ operation: String) async throws -> Token {
    guard let serial = try serial(of: id) else {
      throw CeremonyError(
        .tokenState, operation: operation, message: "the token \(id) is still blank", hint: "a step that initialises it comes before")
    }
    let token = try await presentToken(serial: serial, of: try siteToken(id), operation)
    guard let label = plan.token(id)?.label, token.label == label else {
      throw CeremonyError(
        .tokenState, operation: operation,
        message: "the token with serial number \(serial) is labelled \(CeremonyText.shown(token.label)), and the plan says "
          + "\(plan.token(id)?.label ?? id)",
        hint: "see: hsmkey token list; the plan and the token do not belong together")
    }
    return token
  }

  func presentToken(serial: String, of site: SiteBinding.Token, _ operation: String) async throws -> Token {
    var tokens = try await initialisedTokens(of: try await module(site), operation)
    if !tokens.contains(where: { $0.serialNumber == serial }) {
      // A token that was inserted, or made, since the module was initialised is not seen by every module.
      try await reload(site)
      tokens = try await initialisedTokens(of: try await module(site), operation)
    }
    let matches = tokens.filter { $0.serialNumber == serial }
    guard let token = matches.first, matches.count == 1 else {
      let seen = tokens.map { "\(CeremonyText.shown($0.label)) (serial \(CeremonyText.shown($0.serialNumber)))" }.joined(separator: ", ")
      throw CeremonyError(
        .tokenSerial, operation: operation,
        message: matches.isEmpty
          ? "no token has the serial number \(serial); the module shows \(seen.isEmpty ? "none" : seen)"
          : "\(matches.count) tokens have the serial number \(serial)",
        hint: "insert the token that the site file names")
    }
    return token
  }

  private func initialisedTokens(of module: Module, _ operation: String) async throws -> [Token] {
    try await allTokens(of: module, operation).filter { $0.flags.contains(.tokenInitialized) }
  }

  /// Ends every login and has the module look at its tokens anew (`C_Finalize`, `C_Initialize`).
  func reload(_ site: SiteBinding.Token) async throws {
    guard let module = modules.removeValue(forKey: site.module) else { return }
    await closeAllKeys()
    try await waiting("look for tokens anew") { try module.finalize() }
  }

  /// The keys on a token of the plan: logged in once, for as long as no step changes its PIN.
  func keys(on id: String, _ operation: String) async throws -> TokenKeys {
    if let open = openKeys[id] { return open }
    let token = try await presentToken(id, operation)
    let keys = try await logIn(token, pin: try await userPIN(on: id, operation))
    openKeys[id] = keys
    return keys
  }

  /// A key of the plan, by its name. One that this run has made or met before must still be the same.
  ///
  /// - Throws: `CEREMONY-TOKEN-STATE` when the token has another key under that name by now.
  func key(_ planned: PlanKey, _ operation: String) async throws -> TokenKey {
    let key = try await keys(on: planned.token, operation).key(named: planned.name)
    let fingerprint = try key.publicKey.fingerprint
    guard let known = record.publicKeySHA256(of: planned, in: plan), known != fingerprint else { return key }
    throw CeremonyError(
      .tokenState, operation: operation,
      message: "the key \(planned.name) is another one than before in this ceremony: the SHA-256 of its public key is \(fingerprint), and "
        + "it was \(known)",
      hint: "somebody has exchanged it; nothing was done with it, and nothing should be before you know why")
  }

  /// Where the user PIN of a token comes from, as it is now.
  func userPIN(on id: String, _ operation: String) async throws -> SecretSource {
    guard let pin = userPINs[id] ?? plan.token(id)?.userPIN else {
      throw CeremonyError(.planSense, operation: operation, message: "the plan has no token \(id)")
    }
    return try await source(ofPIN: pin, operation)
  }

  func logIn(_ token: Token, pin: SecretSource) async throws -> TokenKeys {
    let keys = try await TokenKeys(token: token, pin: pin, memory: surroundings.pinMemory, sessions: surroundings.sessions)
    surroundings.didLogIn(keys)
    for notice in keys.loginNotices {
      try await room.show(CeremonyScene(.note, title: notice.message, lines: [notice.hint]))
    }
    return keys
  }

  /// Ends the login on a token, before its PIN or its content is changed from outside of it.
  func closeKeys(on id: String) async throws { try await openKeys.removeValue(forKey: id)?.close() }

  func closeAllKeys() async {
    for id in openKeys.keys { try? await closeKeys(on: id) }
  }

  /// Does work that calls a module on a thread of its own.
  func waiting<Value: Sendable>(
    _ operation: String, isAtPad: Bool = false, _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    var deadlines = surroundings.sessions.deadlines
    if isAtPad { deadlines.login = max(deadlines.login, deadlines.protectedPath) }
    return try await WatchedThread.run(operation, deadlines: deadlines, body)
  }
}
