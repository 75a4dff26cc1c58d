/// An error as the command line shows it: one line, hints, an exit code.
struct CommandError: Error, Sendable, CustomStringConvertible {
  let exitStatus: ExitStatus
  /// A short word for scripts: `key-not-found`, `CKR_PIN_INCORRECT`.
  let code: String
  /// The rule that refused, where one did.
  let rule: String?
  let operation: String
  let message: String
  let hints: [String]

  init(_ exitStatus: ExitStatus, code: String, rule: String? = nil, operation: String, message: String, hints: [String?] = []) {
    self.exitStatus = exitStatus
    self.code = code
    self.rule = rule
    self.operation = operation
    self.message = message
    self.hints = hints.compactMap(\.self)
  }

  static func usage(_ message: String, rule: CommandRule? = nil, hint: String? = nil) -> CommandError {
    CommandError(.usage, code: "usage", rule: rule?.rawValue, operation: "read the command line", message: message, hints: [hint])
  }

  static func configuration(
    _ message: String, rule: CommandRule? = nil, operation: String = "read the configuration", hint: String? = nil
  ) -> CommandError {
    CommandError(.configuration, code: "configuration", rule: rule?.rawValue, operation: operation, message: message, hints: [hint])
  }

  /// A rule of the command line refused, and nothing was changed.
  static func refused(_ rule: CommandRule, operation: String, message: String, hint: String? = nil) -> CommandError {
    CommandError(.ruleRefused, code: "rule-refused", rule: rule.rawValue, operation: operation, message: message, hints: [hint])
  }

  /// Another room's error as one about the configuration, for values that a configuration file gave.
  static func configuration(_ error: any Error, about setting: String) -> any Error {
    guard let known = ErrorTranslation.translate(error) else { return error }
    return CommandError(
      .configuration, code: "configuration", rule: known.rule, operation: known.operation, message: "\(setting): \(known.message)",
      hints: known.hints)
  }

  /// Another room's error as one about the command line, for values that an option gave.
  static func usage(_ error: any Error, about option: String) -> any Error {
    guard let known = ErrorTranslation.translate(error) else { return error }
    return CommandError(
      .usage, code: "usage", rule: known.rule, operation: known.operation, message: "\(option): \(known.message)", hints: known.hints)
  }

  /// An error that nobody here knows how to explain.
  static func fault(_ error: any Error, operation: String) -> CommandError {
    CommandError(
      .internalFault, code: "internal", operation: operation, message: "\(error)", hints: ["this is a fault of hsmkey; please report it"])
  }

  /// The same error where several certificates are worked on and each says which one it is about.
  func of(certificate name: String) -> CommandError {
    if operation.hasSuffix("certificate \(name)") { return self }
    return CommandError(
      exitStatus, code: code, rule: rule, operation: "certificate \(name): \(operation)", message: message, hints: hints)
  }

  static func input(_ message: String, operation: String, hint: String? = nil) -> CommandError {
    CommandError(.inputData, code: "input", operation: operation, message: message, hints: [hint])
  }

  /// The same error about a value that did not come from the command line: then it is the configuration that must be mended.
  func blaming(_ origin: Origin) -> CommandError {
    if case .option = origin { return self }
    return CommandError(
      .configuration, code: "configuration", rule: rule, operation: operation, message: "\(message) (\(origin))", hints: hints)
  }

  var description: String { "\(operation): \(message)" + (rule.map { " [\($0)]" } ?? "") }
}

/// The same error for programs: `{"error":{…}}`.
struct ErrorReport: Encodable {
  struct Body: Encodable {
    let code: String
    let rule: String?
    let operation: String
    let message: String
    let hint: String?
    let exitCode: Int32

    enum CodingKeys: CodingKey { case code, rule, operation, message, hint, exitCode }

    // Every field is always there, `null` when it has nothing to say, so that scripts need not ask first.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(code, forKey: .code)
      try container.encode(rule, forKey: .rule)
      try container.encode(operation, forKey: .operation)
      try container.encode(message, forKey: .message)
      try container.encode(hint, forKey: .hint)
      try container.encode(exitCode, forKey: .exitCode)
    }
  }

  let error: Body

  init(_ error: CommandError) {
    self.error = Body(
      code: error.code, rule: error.rule, operation: error.operation, message: error.message,
      hint: error.hints.isEmpty ? nil : error.hints.joined(separator: "\n"), exitCode: error.exitStatus.rawValue)
  }
}
