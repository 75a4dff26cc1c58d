import ArgumentParser
import PKCS11
import Secrets
import TokenKeys

/// `hsmkey token init LABEL`
struct TokenInitCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Initialise a token: label, security officer PIN, user PIN.",
    discussion: """
      Takes the first slot whose token is not initialised. A token that is initialised already loses everything it holds, so it is
      touched only when its serial number is given with --serial; it wants its present security officer PIN. A device with a pad of
      its own asks for PINs there when their source is protected-path.

      Example: hsmkey token init payroll --so-pin-source file:so-pin --pin-source file:pin
      """)
  @OptionGroup var common: CommonOptions
  @OptionGroup var officer: SecurityOfficerOptions

  @Argument(help: "The token's label, 1 to 32 bytes.")
  var label: String

  @Option(help: ArgumentHelp("Initialise the token with this serial number, which DESTROYS everything on it.", valueName: "serial"))
  var serial: String?

  struct Report: Answer {
    let token: TokenReport
    var text: String { "initialised\n\(token.text)" }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let operation = "initialise token \(label)"
    guard (1...32).contains(label.utf8.count) else { throw CommandError.usage("a token's label has 1 to 32 bytes") }
    guard serial?.isEmpty != true else { throw CommandError.usage("--serial is empty", rule: .tokenSerial, hint: "see: hsmkey token list") }
    let officerSource = try context.secretSource(officer.soPinSource)
    let userSource = try context.secretSource(context.settings.pinSource)
    let module = try await context.module()
    let memory = context.pinMemory
    let isAtPad = officerSource.isProtectedPath || userSource.isProtectedPath
    let made = try await context.waiting(operation, isAtPad: isAtPad) {
      try refuseTakenLabel(module, operation: operation)
      let token = try chooseToken(module, operation: operation)
      return try TokenInitialization(
        token, label: label, securityOfficerPIN: officerSource, userPIN: userSource, memory: memory
      ).run()
    }
    context.say(made.notices)
    return Report(token: TokenReport(made.token))
  }

  private func refuseTakenLabel(_ module: Module, operation: String) throws {
    let sameLabel = try module.tokens().filter { $0.label == label && $0.serialNumber != serial }
    guard sameLabel.isEmpty else {
      throw CommandError.refused(
        .tokenLabelTaken, operation: operation,
        message: "a token with this label exists already (serial \(sameLabel[0].serialNumber))",
        hint: "choose another label; to initialise that very token again and lose what it holds, add --serial \(sameLabel[0].serialNumber)")
    }
  }

  private func chooseToken(_ module: Module, operation: String) throws -> Token {
    let tokens = try module.slots(withTokenPresent: true).compactMap { try $0.token() }
    if let serial { return tokens[try Self.position(of: serial, among: tokens.map(\.serialNumber), operation: operation)] }
    return tokens[try Self.firstFree(tokens.map { $0.flags.contains(.tokenInitialized) }, operation: operation)]
  }

  /// Where the one token with this serial number is.
  static func position(of serial: String, among serials: [String], operation: String) throws(CommandError) -> Int {
    let matches = serials.indices.filter { serials[$0] == serial }
    guard let match = matches.first else {
      throw CommandError(
        .tokenOrKey, code: "token-not-found", operation: operation, message: "no token has the serial number \(serial)",
        hints: ["list them with: hsmkey token list"])
    }
    guard matches.count == 1 else {
      throw CommandError.refused(
        .tokenSerial, operation: operation, message: "\(matches.count) tokens have the serial number \(serial)",
        hint: "take out all but the one that is meant, or use its vendor's tool")
    }
    return match
  }

  /// Where the first token is that says it is not initialised.
  static func firstFree(_ areInitialized: [Bool], operation: String) throws(CommandError) -> Int {
    guard let free = areInitialized.firstIndex(of: false) else {
      throw CommandError.refused(
        .tokenNotEmpty, operation: operation, message: "every token that the module shows is initialised already",
        hint: "to initialise one again and lose what it holds, name it with --serial; see: hsmkey token list")
    }
    return free
  }
}
