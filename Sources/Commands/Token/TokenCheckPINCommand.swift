import ArgumentParser
import PKCS11
import Secrets
import TokenKeys

/// `hsmkey token check-pin`
struct TokenCheckPINCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-pin", abstract: "Log in once, with a person there who is asked where unattended use would refuse.",
    discussion: """
      After a wrong PIN, unattended use stops until somebody has logged in: this is the command for it. Whatever stands against a try
      (the token counts a wrong PIN, this PIN was refused before, the memory of refused PINs is damaged) is shown on the terminal and
      goes on only after "yes". A PIN that is right clears what was remembered.

      Example: hsmkey token check-pin --token payroll --pin-source prompt
      """)
  @OptionGroup var common: CommonOptions
  @OptionGroup var officer: SecurityOfficerOptions

  @Flag(help: "Check the security officer's PIN (from --so-pin-source) and not the user's.")
  var securityOfficer = false

  @Flag(help: "Use the last try before the token locks the PIN, which is refused otherwise. Only at a prompt or the device's own pad.")
  var useTheLastPinTry = false

  struct Report: Answer {
    let token: TokenReport
    let pin: String
    var text: String { "the \(pin == "user" ? "user PIN" : "security officer PIN") is right\n\(token.text)" }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let source = securityOfficer ? try context.secretSource(officer.soPinSource) : try context.secretSource(context.settings.pinSource)
    guard source.isPerson || !useTheLastPinTry else {
      throw CommandError.usage(
        "--use-the-last-pin-try is for a PIN that a person enters, and not for \(source)", hint: "add --pin-source prompt")
    }
    let token = try await context.selectedToken()
    let login = TokenLogin(
      token: token, pin: source, user: securityOfficer ? .securityOfficer : .user, memory: context.pinMemory, isAttended: true,
      usesLastTry: useTheLastPinTry)
    context.say(try await context.waiting("check the PIN of token \(token.label)", isAtPad: source.isProtectedPath) { try login.check() })
    let now = try await context.waiting("look at token \(token.label)") { try token.information() }
    return Report(token: TokenReport(now), pin: securityOfficer ? "security-officer" : "user")
  }
}

/// Where the security officer's PIN comes from.
struct SecurityOfficerOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where the security officer PIN comes from.", valueName: "source"))
  var soPinSource: String = "prompt"
}
