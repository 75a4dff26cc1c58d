import ArgumentParser

/// `hsmkey ceremony …`
struct CeremonyGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ceremony", abstract: "Key ceremonies: planned, rehearsed, performed and checked.",
    subcommands: [
      CeremonyCheckCommand.self, CeremonyPrintCommand.self, CeremonyRehearseCommand.self, CeremonyPerformCommand.self,
      CeremonyVerifyCommand.self,
    ])
}
