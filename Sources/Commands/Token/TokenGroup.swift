import ArgumentParser
import PKCS11

/// `hsmkey token …`
struct TokenGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Tokens: what the module shows, and making one ready.",
    subcommands: [TokenListCommand.self, TokenShowCommand.self, TokenInitCommand.self, TokenSetPINCommand.self, TokenCheckPINCommand.self])
}

/// One token in answers.
struct TokenReport: Encodable, Sendable {
  let label: String
  let manufacturer: String
  let model: String
  let serial: String
  let uri: String
  let firmwareVersion: String
  let isInitialized: Bool
  let isUserPinSet: Bool
  let isLoginRequired: Bool
  let pinState: String

  init(_ token: Token) {
    label = token.label
    manufacturer = token.manufacturer
    model = token.model
    serial = token.serialNumber
    uri = token.uri.description
    firmwareVersion = "\(token.firmwareVersion)"
    isInitialized = token.flags.contains(.tokenInitialized)
    isUserPinSet = token.flags.contains(.userPINInitialized)
    isLoginRequired = token.flags.contains(.loginRequired)
    pinState =
      if token.flags.contains(.userPINLocked) {
        "locked"
      } else if token.flags.contains(.userPINFinalTry) {
        "one try left"
      } else if token.flags.contains(.userPINCountLow) {
        "a wrong PIN was entered since the last right one"
      } else {
        "good"
      }
  }

  var text: String {
    Console.facts([
      ("token", label), ("serial", serial), ("model", "\(model), \(manufacturer)"), ("user PIN", isUserPinSet ? pinState : "not set"),
      ("uri", uri),
    ])
  }
}

/// `hsmkey token list`
struct TokenListCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The initialised tokens that the module shows. Needs no PIN.")
  @OptionGroup var common: CommonOptions

  struct Report: Answer {
    let module: String
    let library: String
    let cryptokiVersion: String
    let tokens: [TokenReport]

    var text: String {
      tokens.isEmpty
        ? "\(library) shows no initialised token\nmake one with: hsmkey token init LABEL; with SoftHSM, check SOFTHSM2_CONF"
        : tokens.map(\.text).joined(separator: "\n\n")
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let module = try await context.module()
    let tokens = try await context.waiting("list the tokens") { try module.tokens() }
    return Report(
      module: module.path, library: module.information.libraryDescription, cryptokiVersion: "\(module.information.cryptokiVersion)",
      tokens: tokens.map(TokenReport.init))
  }
}
