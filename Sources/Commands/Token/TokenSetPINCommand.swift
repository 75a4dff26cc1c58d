import ArgumentParser
import PKCS11
import Secrets
import TokenKeys

/// `hsmkey token set-pin`
struct TokenSetPINCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "set-pin", abstract: "Change a PIN: the user's, the security officer's, or the user's as security officer.",
    discussion: """
      Without a flag the user's PIN is changed: the present one comes from --pin-source, the new one from --new-pin-source. A PIN that is
      locked or forgotten is set anew by the security officer with --reset-user-pin. On a device with a pad of its own, protected-path
      has all of them entered there.

      Examples: hsmkey token set-pin --token payroll --pin-source prompt
                hsmkey token set-pin --token payroll --reset-user-pin --so-pin-source file:so-pin --new-pin-source fd:3 3< new-pin
      """)
  @OptionGroup var common: CommonOptions
  @OptionGroup var officer: SecurityOfficerOptions

  @Option(help: ArgumentHelp("Where the new PIN comes from; a prompt asks twice. Default: prompt, or protected-path.", valueName: "source"))
  var newPinSource: String?

  @Flag(help: "Change the security officer's own PIN; the present one comes from --so-pin-source.")
  var securityOfficer = false

  @Flag(help: "Set the user's PIN as security officer, whose PIN comes from --so-pin-source.")
  var resetUserPin = false

  struct Report: Answer {
    let token: TokenReport
    let changed: String
    let by: String
    var text: String { "\(changed == "user" ? "user PIN" : "security officer PIN") changed\n\(token.text)" }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    guard !(securityOfficer && resetUserPin) else {
      throw CommandError.usage("--security-officer and --reset-user-pin change different PINs", hint: "name one of them")
    }
    let isOfficer = securityOfficer || resetUserPin
    let present = isOfficer ? try context.secretSource(officer.soPinSource) : try context.secretSource(context.settings.pinSource)
    let new = try newPinSource.map { try context.secretSource($0) } ?? (present.isProtectedPath ? .protectedPath : .prompt)
    guard resetUserPin || new.isProtectedPath == present.isProtectedPath else {
      throw CommandError.usage("the present PIN and the new one are both entered on the device's own pad (protected-path), or neither")
    }
    let token = try await context.selectedToken()
    let login = TokenLogin(
      token: token, pin: present, user: isOfficer ? .securityOfficer : .user, memory: context.pinMemory)
    let isReset = resetUserPin
    let notices = try await context.waiting("change a PIN of token \(token.label)", isAtPad: present.isProtectedPath || new.isProtectedPath)
    {
      try isReset ? login.setUserPIN(to: new) : login.changePIN(to: new)
    }
    context.say(notices)
    if !resetUserPin, !present.isPerson, present.canBeReadAgain {
      Console.warn("\(present) still holds the PIN before, which is not tried any more; put the new PIN there")
    }
    let now = try await context.waiting("look at token \(token.label)") { try token.information() }
    return Report(
      token: TokenReport(now), changed: securityOfficer ? "security-officer" : "user",
      by: isOfficer ? "security-officer" : "user")
  }
}
