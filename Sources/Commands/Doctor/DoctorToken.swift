import PKCS11
import TokenKeys

/// The steps that ask the module: what it is, which tokens it shows, and what the chosen one can do. None of them needs a PIN.
enum DoctorToken {
  static func load(_ context: CommandContext, _ file: ModuleFile) async throws -> Finding<Module> {
    let start = ContinuousClock.now
    let module = try await context.loadModule(at: file.path)
    let time = (ContinuousClock.now - start) / .milliseconds(1)
    let information = module.information
    let interface = information.usesGetInterface ? "from C_GetInterface" : "from C_GetFunctionList"
    let details = [
      "\(information.libraryDescription) \(information.libraryVersion), \(information.manufacturer)",
      "PKCS #11 \(information.cryptokiVersion); function table \(information.interfaceVersion) \(interface)",
    ]
    let message = "loaded and initialised in \(Int(time.rounded(.up))) ms"
    guard information.cryptokiVersion >= Version(major: 2, minor: 20) else {
      return .warning(
        module, message + "; its version of PKCS #11 is older than 2.20", details: details, hint: "ask the vendor for a newer module")
    }
    return .ok(module, message, details: details)
  }

  /// Every slot; at least one must have an initialised token.
  static func slots(_ context: CommandContext, _ module: Module) async throws -> Finding<Void> {
    let slots = try await context.waiting("look at the slots") { try module.slots(withTokenPresent: false).map { ($0, try $0.token()) } }
    let operation = "look at the slots"
    guard !slots.isEmpty else {
      throw CommandError(
        .tokenOrKey, code: "token-not-found", operation: operation, message: "the module shows no slot at all",
        hints: ["the device is not connected, or its service or driver does not run; ask the vendor's own tool"])
    }
    let tokens = slots.compactMap(\.1)
    let initialized = tokens.filter { $0.flags.contains(.tokenInitialized) }
    let details =
      slots.map { slot, token in
        guard let token else { return "\(slot.description): empty" }
        return token.flags.contains(.tokenInitialized) ? "\(token.label), serial \(token.serialNumber)" : "a token that is not initialised"
      }
    let count = "\(slots.count == 1 ? "one slot" : "\(slots.count) slots"), \(initialized.count) with an initialised token"
    guard !initialized.isEmpty else {
      throw CommandError(
        .tokenOrKey, code: "token-not-found", operation: operation,
        message: tokens.isEmpty ? "\(count): no slot has a token in it" : "\(count), \(tokens.count) with one that is not",
        hints: [
          tokens.isEmpty
            ? "connect the device or put the card in"
            : "make one with: hsmkey token init LABEL; if there should be one, this user may not see it, or the module looks elsewhere"
        ])
    }
    return .ok(count, details: details)
  }

  static func choose(_ context: CommandContext, _ module: Module) async throws -> Finding<Token> {
    let token = try await context.selectedToken(of: module)
    let why = context.settings.token.map { "named by \($0.origin)" } ?? "the only one, and none is named"
    return .ok(token, "\(token.label), serial \(token.serialNumber): \(why)", details: [token.uri.description])
  }

  /// What the token's flags say, but for those of PINs.
  static func state(_ token: Token) throws -> Finding<Void> {
    let flags = token.flags
    let details = TokenWords(token).flags
    if flags.contains(.errorState) {
      throw CommandError(
        .tokenOrKey, code: "token-error-state", operation: "look at the token", message: "the token has failed a test of itself",
        hints: ["disconnect it and connect it again; if that does not help, it is its vendor's"])
    }
    let name = "\(token.model), \(token.manufacturer), firmware \(token.firmwareVersion)"
    if flags.contains(.writeProtected) {
      return .warning(
        "\(name); it is write-protected: keys can be used, not made", details: details, hint: "the vendor's tool takes the protection off")
    }
    return .ok(name, details: details)
  }

  static func dialect(_ token: Token) -> Finding<Void> {
    let dialect = token.dialect
    return dialect.explanations.isEmpty
      ? .ok("\(dialect): nothing special is known of it") : .ok("\(dialect); what is known of such tokens:", details: dialect.explanations)
  }

  /// Which of our algorithms the token has.
  static func algorithms(_ context: CommandContext, _ token: Token) async throws -> Finding<Void> {
    let mechanisms = try await context.waiting("list the mechanisms") { try token.mechanisms() }
    let offers = KeyAlgorithm.allCases.map { AlgorithmOffer($0, mechanisms: mechanisms) }
    let usable = offers.filter(\.isUsable).map(\.algorithm.rawValue)
    let details = offers.compactMap(obstacle)
    guard !usable.isEmpty else {
      throw CommandError(
        .tokenOrKey, code: "mechanism-missing", operation: "list the mechanisms",
        message: "of \(mechanisms.count) mechanisms none makes keys that sign: \(details.joined(separator: "; "))",
        hints: ["the token may be meant for something else, or its policy (FIPS, partition) switches them off"])
    }
    let message = "\(usable.joined(separator: ", ")) (\(mechanisms.count) mechanisms)"
    guard usable.contains(KeyAlgorithm.rsa2048.rawValue) else {
      return .warning(
        "\(message); not rsa-2048, which the certificate service wants", details: details,
        hint: "for the certificate service use a token that makes RSA keys of 2048 bits")
    }
    return .ok(message, details: details)
  }

  /// What a kind of key cannot do on the token; nil when it can do everything.
  private static func obstacle(_ offer: AlgorithmOffer) -> String? {
    let name = offer.algorithm.rawValue
    if let objection = offer.objectionToMaking { return "\(name): no, \(objection)" }
    let lacking = offer.signatures.filter { $0.objection != nil }
    guard let first = lacking.first else { return nil }
    guard offer.isUsable else { return "\(name): no, \(first.objection ?? "it cannot sign")" }
    return "\(name): yes, but not with \(lacking.map(\.algorithm.rawValue).joined(separator: ", "))"
  }

  /// What the token allows, held against what is configured.
  static func sessions(_ context: CommandContext, _ token: Token) -> Finding<Void> {
    let wanted = context.settings.sessions
    let open = token.sessionCount.map { ", \($0) open now" } ?? ""
    let message =
      "\(SessionLimits.words(token.maximumSessionCount, toWrite: token.maximumReadWriteSessionCount))\(open); "
      + "wanted: \(wanted.value) and one for the login (\(wanted.origin))"
    if case .maximum(let maximum) = token.maximumSessionCount, maximum < wanted.value + 1, wanted.value > 1 || maximum < 1 {
      return .warning(message, hint: "set token.sessions to \(max(1, maximum - 1)); more are not opened")
    }
    return .ok(message)
  }
}

/// How many sessions a token allows, in words.
enum SessionLimits {
  static func words(_ all: Limit, toWrite: Limit) -> String {
    func said(_ limit: Limit) -> String { if case .maximum(let count) = limit { "at most \(count)" } else { "\(limit)" } }
    return all == toWrite ? said(all) : "\(said(all)), to write \(said(toWrite))"
  }
}

/// A token's flags in words.
struct TokenWords: Sendable {
  /// What is set, and what is missing that should not be. Nothing of PINs.
  let flags: [String]

  init(_ token: Token) {
    let flags = token.flags
    var words = [
      flags.contains(.tokenInitialized) ? "initialised" : "NOT initialised",
      flags.contains(.loginRequired) ? "wants a login before private keys are seen" : "wants NO login: private keys are open to everybody",
    ]
    if flags.contains(.protectedAuthenticationPath) { words.append("has a pad of its own for PINs (protected-path)") }
    if flags.contains(.randomNumberGenerator) { words.append("has a random number generator") }
    if flags.contains(.writeProtected) { words.append("is write-protected") }
    if flags.contains(.clockOnToken) { words.append("has a clock") }
    if flags.contains(.errorState) { words.append("is in ERROR: it failed a test of itself") }
    self.flags = words
  }
}
