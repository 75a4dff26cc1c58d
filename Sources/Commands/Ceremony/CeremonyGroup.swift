import ArgumentParser

/// `hsmkey ceremony …`
struct CeremonyGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ceremony", abstract: "Key ceremonies that people can trust: plan, rehearse, perform, print, verify.",
    subcommands: [CeremonyPrintCommand.self])
}
