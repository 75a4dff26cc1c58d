import Foundation
import Logging
import PKCS11
import Secrets
import Synchronization
import TokenKeys

/// What a command works with: settings, log, and the token once it is asked for. Made for one run of one command.
final class CommandContext: Sendable {
  let options: CommonOptions
  let settings: Settings
  let log: Logger
  private let variablesWithSecrets = Mutex<Set<String>>([])

  init(_ options: CommonOptions, environment: [String: String] = ProcessEnvironment.values(of: Settings.variables)) throws {
    self.options = options
    settings = try Settings(options: options, environment: environment)
    guard let level = Logger.Level(rawValue: settings.logLevel.value) else {
      throw CommandError.usage(
        "\(settings.logLevel.value) is not a log level", hint: "levels: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))"
      ).blaming(settings.logLevel.origin)
    }
    log = Logger(label: "hsmkey") { _ in StandardErrorLog(logLevel: level) }
    if level == .trace { traceCryptokiCalls(to: log) }
    if settings.file.service.testBench == true { Console.warn(Self.testBenchWarning) }
  }

  /// Said by every command, as long as it is configured.
  static let testBenchWarning =
    "TEST BENCH (service.test-bench): certificates from there are for keys that the agency has published, not for yours, and no real"
    + " service takes them; take it out of the configuration before you order a real one"

  /// The configured PKCS#11 module, loaded and initialised. It is finalized before the tool exits.
  func module() async throws -> Module {
    // A URI that names another module is refused before this one is loaded.
    _ = try tokenURI()
    return try await loadModule(at: try modulePath())
  }

  /// The path of the configured module.
  func modulePath() throws -> String {
    guard let setting = settings.module else {
      throw CommandError.configuration(
        "no PKCS#11 module is configured", operation: "load the PKCS#11 module",
        hint:
          "name it with --module PATH, HSMKEY_MODULE, or token.module in the configuration; SoftHSM's is /usr/lib/softhsm/libsofthsm2.so"
      )
    }
    let path = setting.value
    do {
      try InputOutput.refuseURI(path, operation: "load the PKCS#11 module")
    } catch let error as CommandError {
      throw error.blaming(setting.origin)
    }
    guard path.hasPrefix("/") else {
      throw CommandError(
        .configuration, code: "configuration", rule: PKCS11Rule.moduleAbsolutePath.rawValue, operation: "load the PKCS#11 module",
        message: "the module's path must be absolute, and is \(path) (\(setting.origin))",
        hints: ["a module gets your PIN; name the very file"])
    }
    return path
  }

  /// Holds a module's file against the settings, loads it and initialises it within the deadline.
  func loadModule(at path: String) async throws -> Module { try await loadModule(at: path, pin: try modulePin()) }

  /// Holds a module's file against what it must be, loads it and initialises it within the deadline.
  func loadModule(at path: String, pin: ModulePin) async throws -> Module {
    try await loadModule(at: path, pin: pin, initializationString: settings.initializationString?.value)
  }

  /// The same with parameters that are told and not configured.
  func loadModule(at path: String, pin: ModulePin, initializationString: String?) async throws -> Module {
    // Twice the deadline: its code runs when it is loaded, and again when it is initialised.
    let module: Module
    do {
      module = try await waiting("load the PKCS#11 module", limit: settings.deadline.value * 2) {
        try Module(path: path, initializationString: initializationString, pin: pin)
      }
    } catch let error as PKCS11Error {
      throw blamingPin(error)
    }
    LoadedModules.add(module)
    log.debug("module loaded", metadata: ["path": "\(path)", "library": "\(module.information.libraryDescription)"])
    return module
  }

  /// The one token that the settings name, or the only one there is.
  func selectedToken() async throws -> Token {
    // What can be seen to be wrong is refused before a module is loaded.
    _ = try tokenURI()
    return try await selectedToken(of: try await module())
  }

  /// The one token of a module that the settings name, or the only one there is.
  func selectedToken(of module: Module) async throws -> Token {
    let named = try tokenURI()
    return try await waiting("choose a token") {
      if let named { return try module.token(matching: named) }
      let tokens = try module.tokens()
      guard let only = tokens.first, tokens.count == 1 else {
        let seen = tokens.map { "\($0.label) (serial \($0.serialNumber))" }.joined(separator: ", ")
        throw CommandError(
          .tokenOrKey, code: tokens.isEmpty ? "token-not-found" : "token-ambiguous", operation: "choose a token",
          message: tokens.isEmpty
            ? "the module \(module.path) shows no initialised token" : "no token is named, and there are several: \(seen)",
          hints: [
            tokens.isEmpty
              ? "make one with: hsmkey token init LABEL; with SoftHSM, check SOFTHSM2_CONF"
              : "name one with --token LABEL or token.uri in the configuration"
          ])
      }
      return only
    }
  }

  /// How long calls into the module may take.
  var deadlines: CallDeadlines {
    CallDeadlines(
      general: settings.deadline.value, login: settings.deadline.value * 3, keyGeneration: settings.keyGenerationDeadline.value)
  }

  /// Does work that calls the module on a thread of its own, no call longer than its deadline.
  ///
  /// - Parameter isAtPad: a person may have to type a PIN at the device in it, which takes time.
  func waiting<Value: Sendable>(
    _ operation: String, limit: Duration? = nil, isAtPad: Bool = false, _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    var deadlines = deadlines
    if isAtPad { deadlines.login = max(deadlines.login, deadlines.protectedPath) }
    return try await WatchedThread.run(operation, deadlines: deadlines, limit: limit, body)
  }

  /// How the pool of sessions with the token behaves.
  var poolConfiguration: SessionPool.Configuration {
    let log = log
    return SessionPool.Configuration(maximumSessionCount: settings.sessions.value, deadlines: deadlines) { event in
      log.log(level: event.logLevel, "\(event.description)", metadata: ["event": "\(event.kind.rawValue)"])
    }
  }

  /// The URI or label that the settings name the token by; nil when they name none.
  func tokenURI() throws -> PKCS11URI? {
    guard let setting = settings.token else { return nil }
    do {
      let uri = try PKCS11URI(uriOrLabel: setting.value)
      try Self.refuseForeignModule(uri, setting.origin)
      return uri
    } catch {
      throw ErrorTranslation.translate(error)?.blaming(setting.origin) ?? error
    }
  }

  /// Whoever names the module gets the PIN, so that is the configuration file's owner, or an option that says so, and no URI that somebody
  /// may have been handed.
  private static func refuseForeignModule(_ uri: PKCS11URI, _ origin: Origin) throws {
    let isInFile = if case .file = origin { true } else { false }
    guard uri.moduleName == nil, uri.modulePath == nil || isInFile else {
      throw CommandError.usage(
        uri.moduleName == nil
          ? "the token's URI has a module-path, which is honoured in the configuration file only"
          : "the token's URI has a module-name, which is not looked up",
        rule: .uriModulePath, hint: "leave it out, and name the module's file with --module PATH or token.module in the configuration")
    }
  }

  /// Logs in to the selected token. The token is chosen before the PIN is read.
  func tokenKeys() async throws -> TokenKeys {
    let source = try secretSource(settings.pinSource)
    let token = try await selectedToken()
    let keys = try await TokenKeys(token: token, pin: source, memory: pinMemory, sessions: poolConfiguration)
    LoadedModules.add(keys)
    say(keys.loginNotices)
    return keys
  }

  /// Where refused PINs are remembered.
  var pinMemory: PINMemory { settings.pinMemory.map { PINMemory(folder: $0.value) } ?? PINMemory(environment: [:]) }

  /// Tells a person about the PIN that was used.
  func say(_ notices: [LoginNotice]) {
    for notice in notices { Console.warn("\(notice.message); \(notice.hint)") }
  }

  /// A secret's source as given on the command line, with its warning said.
  func secretSource(_ text: String) throws -> SecretSource {
    try secretSource(Setting(value: text, origin: .option("")))
  }

  /// A secret's source as it was set, with its warning said.
  func secretSource(_ setting: Setting<String>, saysWarning: Bool = true) throws -> SecretSource {
    do {
      let source = try SecretSource(parsing: setting.value)
      if saysWarning, let warning = source.warning { Console.warn(warning) }
      if let variable = source.environmentVariable { _ = variablesWithSecrets.withLock { $0.insert(variable) } }
      return source
    } catch {
      throw ErrorTranslation.translate(error)?.blaming(setting.origin) ?? error
    }
  }

  /// Environment variables that hold a secret: no program that is started from here gets them.
  var secretVariables: Set<String> { variablesWithSecrets.withLock { $0 } }

  /// Tells people how a long command gets on: on a terminal, or when the log shows as much. A timer's journal stays quiet.
  func progress(_ line: String) {
    if log.logLevel <= .info || isatty(STDERR_FILENO) == 1 { Console.say(Console.forTerminal(line)) }
  }

  /// A call is traced once, also where several commands run in one process.
  private func traceCryptokiCalls(to log: Logger) {
    Self.tracing.withLock { tracing in
      if let earlier = tracing { CallTrace.remove(earlier) }
      tracing = CallTrace.add { call in
        var metadata: Logger.Metadata = ["time": "\(call.duration.inShort)", "returned": "\(call.returnValue)"]
        if let mechanism = call.mechanism { metadata["mechanism"] = "\(mechanism)" }
        log.trace("\(call.function)", metadata: metadata)
      }
    }
  }

  private static let tracing = Mutex<CallTrace.Registration?>(nil)
}

extension SessionPool.Event {
  /// How loudly it is told: what somebody has to look after is told once, by default; what mended itself, and what some caller gets as its
  /// error, only to who asks.
  var logLevel: Logger.Level {
    switch kind {
    case .circuitOpened: .warning
    case .callGivenUp, .circuitClosed, .moduleReinitialized, .loggedInAgain, .sessionLimitReached: .notice
    default: .info
    }
  }
}

extension Duration {
  /// As a call into a module is timed: `12.3µs`, `1.5ms`.
  var inShort: String {
    let isLong = self >= .milliseconds(1)
    let tenths = Int((self / .nanoseconds(isLong ? 100_000 : 100)).rounded())
    return "\(tenths / 10).\(tenths % 10)\(isLong ? "ms" : "µs")"
  }
}
