/// What is wrong with a YAML file, and where. It never shows a value: a file may hold, by mistake, what nobody should see.
public struct YAMLError: Error, Sendable, CustomStringConvertible {
  /// The file's path or name.
  public let file: String
  /// The line, counted from 1, where there is one.
  public let line: Int?
  /// What is wrong, in one sentence without a full stop.
  public let message: String
  /// What to do next.
  public let hint: String?

  /// An error from its parts.
  public init(file: String, line: Int?, message: String, hint: String? = nil) {
    self.file = file
    self.line = line
    self.message = message
    self.hint = hint
  }

  public var description: String { "read \(file): " + (line.map { "line \($0): " } ?? "") + message }
}
