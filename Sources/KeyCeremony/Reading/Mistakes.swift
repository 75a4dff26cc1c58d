import StrictYAML

/// What is wrong with a file, all of it: reading goes on after a mistake, so that each is told.
final class Mistakes {
  /// The file's path or name.
  let file: String
  /// The rule of what cannot be read.
  let rule: CeremonyRule
  /// What is being done.
  let operation: String
  /// What to do where a mistake has no better hint.
  let hint: String
  private var found: [(line: Int?, error: CeremonyError)] = []

  init(file: String, rule: CeremonyRule, operation: String, hint: String) {
    self.file = file
    self.rule = rule
    self.operation = operation
    self.hint = hint
  }

  /// Whether nothing is wrong so far.
  var isEmpty: Bool { found.isEmpty }

  /// In the order of the lines.
  var inOrder: [CeremonyError] {
    found.enumerated().sorted { ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset) }.map(\.element.error)
  }

  func add(line: Int?, _ message: String, hint: String? = nil, rule: CeremonyRule? = nil) {
    let message = (line.map { "line \($0): " } ?? "") + message
    guard !found.contains(where: { $0.line == line && $0.error.message == message }) else { return }
    found.append((line, CeremonyError(rule ?? self.rule, operation: operation, message: message, hint: hint ?? self.hint)))
  }

  /// The result of reading something; nil when it cannot be read, which is noted.
  func attempt<Value>(line: Int? = nil, hint: String? = nil, _ read: () throws(YAMLError) -> Value?) -> Value? {
    do {
      return try read()
    } catch {
      add(line: error.line ?? line, error.message, hint: error.hint ?? hint)
      return nil
    }
  }
}
