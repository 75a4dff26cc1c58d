import Foundation
import TestSupport

/// The commands that there are, as the tool itself tells them.
enum CommandTree {
  private struct Dump: Decodable {
    struct Command: Decodable {
      let commandName: String
      let subcommands: [Command]?
    }
    let command: Command
  }

  /// Every command that does something: `token list`, `csr`, …
  static func leaves() async throws -> [String] {
    let result = try await run(Bench.program, ["--experimental-dump-help"])
    let root = try JSONDecoder().decode(Dump.self, from: Data(result.standardOutput.utf8)).command
    func leaves(_ command: Dump.Command, _ path: [String]) -> [String] {
      guard let subcommands = command.subcommands, !subcommands.isEmpty else { return [path.joined(separator: " ")] }
      return subcommands.flatMap { leaves($0, path + [$0.commandName]) }
    }
    return leaves(root, []).filter { $0 != "help" && !$0.hasSuffix(" help") }
  }
}
