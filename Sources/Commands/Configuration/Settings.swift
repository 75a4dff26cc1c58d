import Foundation
import PKCS11
import SystemPackage
import TokenKeys

/// A setting and where its value came from.
struct Setting<Value: Sendable>: Sendable {
  let value: Value
  let origin: Origin

  /// The same with its value in another form.
  func map<Other>(_ transform: (Value) -> Other) -> Setting<Other> { Setting<Other>(value: transform(value), origin: origin) }
}

/// Where a value came from, in order of precedence.
enum Origin: Sendable, CustomStringConvertible {
  case option(String)
  case environment(String)
  case file(String)
  case builtIn

  var description: String {
    switch self {
    case .option(let name): "option \(name)"
    case .environment(let name): "environment \(name)"
    case .file(let path): "file \(path)"
    case .builtIn: "default"
    }
  }
}

/// The effective settings: option, environment, configuration file, default.
struct Settings: Sendable {
  let file: ConfigurationFile
  /// The configuration file's path; nil when there is none.
  let config: Setting<String>?
  let logLevel: Setting<String>
  let module: Setting<String>?
  /// Whose file the module may be beside root's: a name or a number.
  let moduleOwner: Setting<String>
  /// The SHA-256 that the module's file must have, in hexadecimal; nil when any content will do.
  let moduleSHA256: Setting<String>?
  let token: Setting<String>?
  let pinSource: Setting<String>
  /// The folder where refused PINs are remembered; nil when the environment names no place for one.
  let pinMemory: Setting<String>?
  /// How many sessions with the token work at once.
  let sessions: Setting<Int>
  /// How long a call into the module may take; a login gets three times as long.
  let deadline: Setting<Duration>
  /// How long the making of a key may take.
  let keyGenerationDeadline: Setting<Duration>
  /// What the module is told when it is initialised; nil for all but NSS.
  let initializationString: Setting<String>?
  /// What new keys must be, and what a key is held against.
  let policy: Setting<KeyPolicy>
  let state: Setting<String>
  /// Where imported authorities are kept.
  let trustFolder: Setting<String>
  /// The file whose pins replace the built-in ones; nil when there is none.
  let trustPins: Setting<String>?

  /// Where a configuration file is looked for when none is named.
  static let defaultFiles = ["./hsmkey.yaml", "/etc/hsmkey/hsmkey.yaml"]
  static let defaultStateFile = "/var/lib/hsmkey/state.sqlite"

  /// The environment variables that settings come from.
  static let variables =
    [
      "HSMKEY_CONFIG", "HSMKEY_LOG", "HSMKEY_MODULE", "HSMKEY_MODULE_OWNER", "HSMKEY_MODULE_SHA256", "HSMKEY_TOKEN", "HSMKEY_PIN_SOURCE",
    ] + PINMemory.variables

  init(options: CommonOptions, environment: [String: String]) throws {
    func choose(_ option: String?, _ optionName: String, _ variable: String, _ fromFile: Setting<String>?) -> Setting<String>? {
      if let option { return Setting(value: option, origin: .option(optionName)) }
      if let value = environment[variable], !value.isEmpty { return Setting(value: value, origin: .environment(variable)) }
      return fromFile
    }
    let named = choose(options.config, "--config", "HSMKEY_CONFIG", nil)
    let file = try Self.load(named: named?.value)
    func configured<Value>(_ value: Value?) -> Setting<Value>? { value.map { Setting(value: $0, origin: .file(file.path ?? "")) } }
    self.file = file
    config = named ?? file.path.map { Setting(value: $0, origin: .builtIn) }
    logLevel = choose(options.logLevel, "--log-level", "HSMKEY_LOG", nil) ?? Setting(value: "warning", origin: .builtIn)
    module = choose(options.module, "--module", "HSMKEY_MODULE", configured(try Self.moduleInFile(file)))
    moduleOwner =
      choose(nil, "", "HSMKEY_MODULE_OWNER", configured(file.token.moduleOwner)) ?? Setting(value: "root", origin: .builtIn)
    moduleSHA256 = choose(nil, "", "HSMKEY_MODULE_SHA256", configured(file.token.moduleSHA256))
    token = choose(options.token, "--token", "HSMKEY_TOKEN", configured(file.token.uri))
    pinSource =
      choose(options.pinSource, "--pin-source", "HSMKEY_PIN_SOURCE", configured(file.token.pinSource))
      ?? Setting(value: "prompt", origin: .builtIn)
    let memoryFolder = PINMemory.defaultFolder(environment: environment, isRoot: geteuid() == 0)
    pinMemory =
      choose(options.pinMemory, "--pin-memory", "HSMKEY_PIN_MEMORY", configured(file.token.pinMemory))
      ?? memoryFolder.map { Setting(value: $0, origin: .builtIn) }
    if let pinMemory { try InputOutput.refuseURI(pinMemory.value, operation: "choose the memory of refused PINs") }
    sessions = configured(file.token.sessions) ?? Setting(value: 4, origin: .builtIn)
    deadline = configured(file.token.deadline) ?? Setting(value: .seconds(20), origin: .builtIn)
    keyGenerationDeadline = configured(file.token.keyGenerationDeadline) ?? Setting(value: .seconds(300), origin: .builtIn)
    initializationString = configured(file.token.initializationString)
    policy = try Self.policy(file)
    state = configured(file.state) ?? Setting(value: Self.defaultStateFile, origin: .builtIn)
    let besides = URL(filePath: state.value).deletingLastPathComponent().appending(path: "trust").path
    trustFolder = configured(file.trustFolder) ?? Setting(value: besides, origin: .builtIn)
    trustPins = configured(file.trustPins)
  }

  /// What is configured for one certificate.
  func certificate(named name: String) throws -> ConfigurationFile.Certificate {
    guard let certificate = file.certificates.first(where: { $0.name == name }) else {
      let known = file.certificates.map(\.name)
      throw CommandError.configuration(
        "no certificate named \(name) is configured" + (file.path.map { " in \($0)" } ?? "; there is no configuration file"),
        operation: "look up certificate \(name)",
        hint: known.isEmpty
          ? "add it under certificates: with its customer-id; see the README" : "configured: \(known.joined(separator: ", "))")
    }
    return certificate
  }

  /// The module that the file names: `token.module`, or the `module-path` of its `token.uri`.
  private static func moduleInFile(_ file: ConfigurationFile) throws -> String? {
    // A URI that cannot be read is told where it is used.
    guard let uri = file.token.uri, let path = (try? PKCS11URI(uriOrLabel: uri))?.modulePath else { return file.token.module }
    guard file.token.module.map({ $0 == path }) ?? true else {
      throw CommandError.configuration(
        "token.module and the module-path of token.uri name two different files", rule: .uriModulePath, hint: "leave one of them out")
    }
    return path
  }

  private static func policy(_ file: ConfigurationFile) throws -> Setting<KeyPolicy> {
    let section = file.policy
    guard section.profile != nil || !section.waivers.isEmpty else { return Setting(value: .nonExportableSigning, origin: .builtIn) }
    let name = section.profile ?? KeyPolicy.nonExportableSigning.name
    guard var policy = KeyPolicy(named: name) else {
      throw KeyPolicyOptions.unknownPolicy(name).blaming(.file(file.path ?? ""))
    }
    for (rule, reason) in section.waivers {
      do {
        policy = try policy.waiving(KeyRule(rawValue: rule), because: reason)
      } catch {
        throw CommandError.configuration(error, about: "policy.waivers")
      }
    }
    return Setting(value: policy, origin: .file(file.path ?? ""))
  }

  private static func load(named path: String?) throws -> ConfigurationFile {
    let candidates = path.map { [$0] } ?? defaultFiles.filter { FileManager.default.fileExists(atPath: $0) }
    guard let chosen = candidates.first else { return ConfigurationFile() }
    let bytes: [UInt8]
    do {
      bytes = try InputOutput.read(chosen, operation: "read the configuration") { try refuseForeign($0, chosen) }
    } catch let error as CommandError where error.exitStatus == .inputData {
      throw CommandError.configuration(error.message, hint: "name another file with --config, or make this one readable")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw CommandError.configuration("\(chosen) is not UTF-8 text") }
    return try ConfigurationFile(parsing: text, file: chosen)
  }

  /// A configuration file names the module that is loaded and the program that is run, so whoever writes it runs code as us.
  private static func refuseForeign(_ descriptor: FileDescriptor, _ path: String) throws {
    try OwnFile.refuseForeign(descriptor, path) { message, hint in
      CommandError.configuration("\(message), and could run programs through it", rule: .configurationOwner, hint: hint)
    }
  }
}
