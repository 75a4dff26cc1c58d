import Foundation
import TestSupport
import Testing

/// A JSON value as a script sees it.
struct JSON: @unchecked Sendable {
  // Checked by hand: what JSONSerialization makes is never changed.
  let value: Any?

  init(_ value: Any?) { self.value = value is NSNull ? nil : value }

  /// Reads one JSON object, and nothing but one.
  init(parsing text: String) throws {
    value = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    try #require(value != nil, "no JSON object: \(text)")
    #expect(text.hasSuffix("}\n"), "one line end after the object")
  }

  subscript(_ key: String) -> JSON { JSON((value as? [String: Any])?[key]) }
  subscript(_ index: Int) -> JSON { JSON(list.indices.contains(index) ? list[index].value : nil) }

  var string: String? { value as? String }
  var number: Int? { (value as? NSNumber)?.intValue }
  var bool: Bool? { value as? Bool }
  var list: [JSON] { (value as? [Any])?.map(JSON.init) ?? [] }
  var keys: Set<String> { Set((value as? [String: Any])?.keys.map { $0 } ?? []) }
  var isNull: Bool { value == nil }

  /// Every key of this value and of what is in it.
  var allKeys: Set<String> {
    switch value {
    case let object as [String: Any]: object.reduce(into: keys) { $0.formUnion(JSON($1.value).allKeys) }
    case let list as [Any]: list.reduce(into: []) { $0.formUnion(JSON($1).allKeys) }
    default: []
    }
  }

  /// Every text of this value and of what is in it.
  var allTexts: [String] {
    switch value {
    case let object as [String: Any]: object.values.flatMap { JSON($0).allTexts }
    case let list as [Any]: list.flatMap { JSON($0).allTexts }
    case let text as String: [text]
    default: []
    }
  }
}

/// How the tool refused.
struct Refusal: Sendable {
  let exitCode: Int
  let code: String?
  let rule: String?
  let operation: String?
  let message: String
  let hints: [String]
  /// Everything on stderr.
  let standardError: String

  var hint: String { hints.joined(separator: "\n") }

  /// `hsmkey: error: …`, then `hint: …`, and an empty stdout.
  init(text result: ProgramResult, exitCode: Int, sourceLocation: SourceLocation) throws {
    let errors = result.standardError
    #expect(result.exitCode == exitCode, "\(errors)\(result.standardOutput)", sourceLocation: sourceLocation)
    #expect(result.standardOutput.isEmpty, sourceLocation: sourceLocation)
    let lines = errors.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let error = try #require(
      lines.firstIndex { $0.hasPrefix("hsmkey: error: ") }, "no error line: \(errors)", sourceLocation: sourceLocation)
    #expect(lines.filter { $0.hasPrefix("hsmkey: error: ") }.count == 1, "\(errors)", sourceLocation: sourceLocation)
    #expect(lines[..<error].allSatisfy { $0.hasPrefix("hsmkey: ") }, "\(errors)", sourceLocation: sourceLocation)
    #expect(
      lines.last == "" && lines[(error + 1)...].dropLast().allSatisfy { $0.hasPrefix("hint: ") }, "\(errors)",
      sourceLocation: sourceLocation)
    self.exitCode = result.exitCode
    message = String(lines[error].dropFirst("hsmkey: error: ".count))
    rule = message.hasSuffix("]") ? message.split(separator: "[").last.map { String($0.dropLast()) } : nil
    hints = lines[(error + 1)...].filter { $0.hasPrefix("hint: ") }.map { String($0.dropFirst("hint: ".count)) }
    code = nil
    operation = nil
    standardError = errors
  }

  /// One object with six fields, as the last line of stderr, and an empty stdout.
  init(json result: ProgramResult, exitCode: Int, sourceLocation: SourceLocation) throws {
    let errors = result.standardError
    #expect(result.exitCode == exitCode, "\(errors)\(result.standardOutput)", sourceLocation: sourceLocation)
    #expect(result.standardOutput.isEmpty, sourceLocation: sourceLocation)
    let last = try #require(errors.split(separator: "\n").last, "nothing on stderr", sourceLocation: sourceLocation)
    try #require(last.hasPrefix("{"), "the last line is no object: \(errors)", sourceLocation: sourceLocation)
    let error = try JSON(parsing: "\(last)\n")["error"]
    #expect(
      error.keys == ["code", "rule", "operation", "message", "hint", "exit-code"], "\(errors)", sourceLocation: sourceLocation)
    #expect(error["exit-code"].number == exitCode, sourceLocation: sourceLocation)
    self.exitCode = result.exitCode
    code = error["code"].string
    rule = error["rule"].string
    operation = error["operation"].string
    message = error["message"].string ?? ""
    hints = error["hint"].string.map { [$0] } ?? []
    standardError = errors
  }
}
