import ArgumentParser

/// A command that gives one answer, as text or as JSON.
protocol AnsweringCommand: AsyncParsableCommand {
  associatedtype AnswerType: Answer
  var common: CommonOptions { get }
  func answer(_ context: CommandContext) async throws -> AnswerType
}

extension AnsweringCommand {
  func run() async throws {
    try give(try await answer(try CommandContext(common)))
  }

  /// Writes the answer, and ends with its exit code.
  func give(_ answer: AnswerType) throws { try Console.give(answer, asJSON: common.json) }
}

extension Console {
  /// Writes an answer, and ends with its exit code.
  static func give(_ answer: some Answer, asJSON: Bool) throws {
    if asJSON {
      try Console.writeAnswer(JSONOutput.encode(answer))
    } else if !answer.text.isEmpty {
      try Console.writeAnswer(Array("\(answer.text)\n".utf8))
    }
    if answer.exitStatus != .done { throw ExitCode(answer.exitStatus.rawValue) }
  }
}
