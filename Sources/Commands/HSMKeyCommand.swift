import ArgumentParser

/// `hsmkey GROUP VERB [NAME] [options]`
struct HSMKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hsmkey",
    abstract: "Keys that never leave their hardware, and the certificates that go with them.",
    discussion: """
      Examples:
        hsmkey token list --module /usr/lib/softhsm/libsofthsm2.so
        hsmkey key generate payroll
        hsmkey certificate renew --due

      Exit codes: 0 done, 1 fault of ours, 2 a rule refused, 3 token or key, 4 PIN, 5 the service said FAIL,
      6 the answer cannot be trusted, 7 outcome uncertain, 64 usage, 65 input, 69 unreachable, 75 not ready, 78 configuration,
      141 the reader of stdout went away.
      """,
    version: "hsmkey \(toolVersion)",
    subcommands: [
      DoctorCommand.self, BenchmarkCommand.self, TokenGroup.self, KeyGroup.self, CSRCommand.self, CertificateGroup.self, ServiceGroup.self,
      TrustGroup.self, XMLGroup.self, AuditCommand.self, CeremonyGroup.self,
      ConfigGroup.self,
      CompletionsCommand.self,
    ])
}

/// The version of the tool, as `--version` prints it.
let toolVersion = "0.1.0"

/// `hsmkey completions SHELL`
struct CompletionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "completions", abstract: "Print the completion script of a shell.")

  @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"]))
  var shell: String

  func run() throws {
    guard let shell = CompletionShell(rawValue: shell) else {
      throw CommandError.usage("there are no completions for \(shell)", hint: "shells: bash, zsh, fish")
    }
    try Console.writeAnswer(Array(HSMKeyCommand.completionScript(for: shell).utf8))
  }
}
