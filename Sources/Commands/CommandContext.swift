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

  init(_ options: CommonOptions, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
    self.options = options
    settings = try Settings(options: options, environment: environment)
    guard let level = Logger.Level(rawValue: settings.logLevel.value) else {
      throw CommandError.usage(
        "\(settings.logLevel.value) is not a log level", hint: "levels: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))"
      ).blaming(settings.logLevel.origin)
    }
    log = Logger(label: "hsmkey") { _ in StandardErrorLog(logLevel: level) }
    if level == .trace { traceCryptokiCalls(to: log) }
  }

  /// The configured PKCS#11 module, loaded and initialised. It is finalized before the tool exits.
  func module() throws -> Module {
    // A URI that names another module is refused before this one is loaded.
    _ = try tokenURI()
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
      throw CommandError.configuration(
        "the module's path must be absolute, and is \(path)", operation: "load the PKCS#11 module",
        hint: "a module gets your PIN; name the very file")
    }
    let module = try Module(path: path)
    LoadedModules.add(module)
    log.debug("module loaded", metadata: ["path": "\(path)", "library": "\(module.information.libraryDescription)"])
    return module
  }

  /// The one token that the settings name, or the only one there is.
  func selectedToken() throws -> Token {
    // What can be seen to be wrong is refused before a module is loaded.
    let named = try tokenURI()
    let module = try module()
    guard let uri = named else {
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
    return try module.token(matching: uri)
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
    let token = try selectedToken()
    let keys = try await TokenKeys(token: token, pin: source, memory: pinMemory)
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

  private func traceCryptokiCalls(to log: Logger) {
    CallTrace.install { call in
      log.trace("\(call.function)", metadata: ["time": "\(call.duration)", "returned": "\(call.returnValue)"])
    }
  }
}

/// Modules that must be finalized before the process ends: SoftHSM can crash in its exit handlers otherwise. The logins on their tokens are
/// ended before, so that no call is under way then.
enum LoadedModules {
  private static let modules = Mutex<[Module]>([])
  private static let logins = Mutex<[TokenKeys]>([])

  static func add(_ module: Module) { modules.withLock { $0.append(module) } }
  static func add(_ keys: TokenKeys) { logins.withLock { $0.append(keys) } }

  static func finalizeAll() async {
    for keys in logins.withLock({ $0 }) { try? await keys.close() }
    for module in modules.withLock({ $0 }) {
      do { try module.finalize() } catch { Console.warn("\(error)") }
    }
    logins.withLock { $0 = [] }
    modules.withLock { $0 = [] }
  }
}
