import ArgumentParser
import PKCS11
import Secrets

/// `hsmkey token init LABEL`
struct TokenInitCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Initialise a token: label, security officer PIN, user PIN.",
    discussion: """
      Takes the first slot whose token is not initialised. A token that is initialised already loses everything it holds, so it is touched only
      when its serial number is given with --serial.

      Example: hsmkey token init payroll --so-pin-source file:so-pin --pin-source file:pin
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The token's label, 1 to 32 bytes.")
  var label: String

  @Option(help: ArgumentHelp("Where the security officer PIN comes from.", valueName: "source"))
  var soPinSource: String = "prompt"

  @Option(help: ArgumentHelp("Initialise the token with this serial number, which DESTROYS everything on it.", valueName: "serial"))
  var serial: String?

  struct Report: Answer {
    let token: TokenReport
    var text: String { "initialised\n\(token.text)" }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let operation = "initialise token \(label)"
    guard (1...32).contains(label.utf8.count) else { throw CommandError.usage("a token's label has 1 to 32 bytes") }
    let module = try context.module()
    try refuseTakenLabel(module, operation: operation)
    let (slot, token) = try chooseSlot(module, operation: operation)

    let securityOfficerPIN = try context.secretSource(soPinSource).read(purpose: "New security officer PIN for token \(label)", confirm: true)
    let userPIN = try context.secretSource(context.settings.pinSource).read(purpose: "New user PIN for token \(label)", confirm: true)

    try checkLength(of: securityOfficerPIN, called: "security officer PIN", token, operation: operation)
    try checkLength(of: userPIN, called: "user PIN", token, operation: operation)

    try slot.initializeToken(label: label, securityOfficerPIN: securityOfficerPIN)
    return Report(token: TokenReport(try finish(module, securityOfficerPIN, userPIN, operation: operation)))
  }

  /// Sets the user PIN of the token that was just initialised. From here on a failure leaves a token without a user PIN, and says so.
  private func finish(
    _ module: Module, _ securityOfficerPIN: borrowing SecretBytes, _ userPIN: borrowing SecretBytes, operation: String
  ) throws -> Token {
    do {
      // The slot number may have changed with the initialisation; the token is found again by what was just written on it.
      let token = try module.token(matching: PKCS11URI(label: label))
      var session = try token.openSession(.readWrite)
      try session.login(.securityOfficer, pin: securityOfficerPIN)
      try session.initializeUserPIN(userPIN)
      try session.logout()
      try session.close()
      return try token.information()
    } catch {
      let cause = ErrorTranslation.translate(error)
      throw CommandError(
        cause?.exitStatus ?? .tokenOrKey, code: cause?.code ?? "token-half-made", rule: cause?.rule, operation: operation,
        message: "the token has its label and security officer PIN, but no user PIN: \(cause?.message ?? "\(error)")",
        hints: (cause?.hints ?? []) + ["begin again with the same security officer PIN: hsmkey token init \(label) --serial SERIAL; see: hsmkey token list"])
    }
  }

  /// Refuses a PIN that the token would not take, before the token is touched: it must not be left half made.
  private func checkLength(of pin: borrowing SecretBytes, called name: String, _ token: Token?, operation: String) throws {
    let shortest = token?.minimumPINLength ?? 0
    let longest = token?.maximumPINLength ?? Int.max
    guard pin.count < shortest || pin.count > longest else { return }
    throw CommandError(
      .pin, code: "pin-length", rule: "PIN-LENGTH", operation: operation,
      message: "the \(name) is too \(pin.count < shortest ? "short" : "long") for this token; nothing was changed",
      hints: ["the token takes \(shortest) to \(longest == Int.max ? "any number of" : "\(longest)") bytes"])
  }

  private func refuseTakenLabel(_ module: Module, operation: String) throws {
    let sameLabel = try module.tokens().filter { $0.label == label && $0.serialNumber != serial }
    guard sameLabel.isEmpty else {
      throw CommandError(
        .ruleRefused, code: "rule-refused", rule: "TOKEN-LABEL-TAKEN", operation: operation,
        message: "a token with this label exists already (serial \(sameLabel[0].serialNumber))",
        hints: ["choose another label; to initialise that very token again and lose what it holds, add --serial \(sameLabel[0].serialNumber)"])
    }
  }

  private func chooseSlot(_ module: Module, operation: String) throws -> (slot: Slot, token: Token?) {
    let slots = try module.slots(withTokenPresent: true).map { (slot: $0, token: try $0.token()) }
    if let serial {
      guard let match = slots.first(where: { $0.token?.serialNumber == serial }) else {
        throw CommandError(
          .tokenOrKey, code: "token-not-found", operation: operation, message: "no token has the serial number \(serial)",
          hints: ["list them with: hsmkey token list"])
      }
      return match
    }
    guard let free = slots.first(where: { $0.token?.flags.contains(.tokenInitialized) == false }) else {
      throw CommandError(
        .ruleRefused, code: "rule-refused", rule: "TOKEN-NOT-EMPTY", operation: operation,
        message: "every token that the module shows is initialised already",
        hints: ["to initialise one again and lose what it holds, name it with --serial; see: hsmkey token list"])
    }
    return free
  }
}
