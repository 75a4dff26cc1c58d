import ArgumentParser
import PKCS11
import Secrets

/// `hsmkey token init LABEL`
struct TokenInitCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Initialise a token: label, security officer PIN, user PIN.",
    discussion: """
      Takes the first slot whose token is not initialised. A token that is initialised already loses everything it holds, so it is
      touched only when its serial number is given with --serial. Both PINs are read by this program: a device whose own pad asks for
      PINs (protected-path) is initialised with its vendor's tool.

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
    guard serial?.isEmpty != true else { throw CommandError.usage("--serial is empty", rule: .tokenSerial, hint: "see: hsmkey token list") }
    let officerSource = try context.secretSource(soPinSource)
    let userSource = try context.secretSource(context.settings.pinSource)
    guard !officerSource.isProtectedPath, !userSource.isProtectedPath else {
      throw CommandError.refused(
        .initialPINsRead, operation: operation, message: "a device's own pad cannot be used to set new PINs from here",
        hint: "initialise such a token with its vendor's tool; otherwise take both PINs from prompt, fd:N, file:PATH or credential:NAME")
    }
    let module = try context.module()
    try refuseTakenLabel(module, operation: operation)
    let (slot, token) = try chooseSlot(module, operation: operation)

    if let token { try SecurityOfficerGuard(flags: token.flags, token: token.label).check(officerSource, operation: operation) }
    let securityOfficerPIN = try officerSource.read(purpose: "New security officer PIN for token \(label)", confirm: true)
    let userPIN = try userSource.read(purpose: "New user PIN for token \(label)", confirm: true)

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
        hints: (cause?.hints ?? []) + [
          "begin again with the same security officer PIN: hsmkey token init \(label) --serial SERIAL; see: hsmkey token list"
        ])
    }
  }

  /// Refuses a PIN that the token would not take, before the token is touched: it must not be left half made.
  private func checkLength(of pin: borrowing SecretBytes, called name: String, _ token: Token?, operation: String) throws {
    let shortest = token?.minimumPINLength ?? 0
    let longest = token?.maximumPINLength ?? Int.max
    guard pin.count < shortest || pin.count > longest else { return }
    throw CommandError(
      .pin, code: "pin-length", rule: CommandRule.pinLength.rawValue, operation: operation,
      message: "the \(name) is too \(pin.count < shortest ? "short" : "long") for this token; nothing was changed",
      hints: ["the token takes \(shortest) to \(longest == Int.max ? "any number of" : "\(longest)") bytes"])
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

  private func chooseSlot(_ module: Module, operation: String) throws -> (slot: Slot, token: Token?) {
    let slots = try module.slots(withTokenPresent: true).map { (slot: $0, token: try $0.token()) }
    if let serial { return slots[try Self.position(of: serial, among: slots.map(\.token?.serialNumber), operation: operation)] }
    return slots[try Self.firstFree(slots.map { $0.token?.flags.contains(.tokenInitialized) }, operation: operation)]
  }

  /// Where the one token with this serial number is.
  static func position(of serial: String, among serials: [String?], operation: String) throws(CommandError) -> Int {
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

  /// Where the first token is that says it is not initialised; nil stands for a slot whose token cannot be read.
  static func firstFree(_ areInitialized: [Bool?], operation: String) throws(CommandError) -> Int {
    guard let free = areInitialized.firstIndex(of: false) else {
      throw CommandError.refused(
        .tokenNotEmpty, operation: operation, message: "every token that the module shows is initialised already",
        hint: "to initialise one again and lose what it holds, name it with --serial; see: hsmkey token list")
    }
    return free
  }
}
