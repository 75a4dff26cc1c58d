import ArgumentParser

/// `hsmkey trust …`
struct TrustGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trust", abstract: "The agency's CA certificates: who may sign answers, who may issue certificates.",
    subcommands: [TrustImportCommand.self, TrustListCommand.self])
}
