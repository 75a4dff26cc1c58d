import ArgumentParser

/// A command that gives one answer, as text or as JSON.
protocol AnsweringCommand: AsyncParsableCommand {
  associatedtype AnswerType: Answer
  var common: CommonOptions { get }
  func answer(_ context: CommandContext) async throws -> AnswerType
}

extension AnsweringCommand {
  func run() async throws {
    let context = try CommandContext(common)
    let answer = try await answer(context)
    if common.json {
      try Console.writeAnswer(JSONOutput.encode(answer))
    } else if !answer.text.isEmpty {
      try Console.writeAnswer(Array("\(answer.text)\n".utf8))
    }
    if answer.exitStatus != .done { throw ExitCode(answer.exitStatus.rawValue) }
  }
}
