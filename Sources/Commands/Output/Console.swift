import Foundation
import Synchronization
import SystemPackage

/// The three channels: stdout is the answer, stderr is for people, the terminal asks (see `SecretSource.prompt`).
enum Console {
  private static let speaksJSON = Atomic<Bool>(false)

  /// From here on warnings and errors on stderr are JSON objects, one a line.
  static func speakJSON() { speaksJSON.store(true, ordering: .relaxed) }

  static func writeAnswer(_ bytes: [UInt8]) throws {
    do {
      try FileHandle.standardOutput.write(contentsOf: bytes)
    } catch {
      let errno = ((error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError).map { Errno(rawValue: CInt($0.code)) }
      guard errno != .brokenPipe else {
        throw CommandError(.readerGone, code: "output", operation: "write the answer", message: "the reader of standard output went away")
      }
      throw CommandError(
        .inputData, code: "output", operation: "write the answer",
        message: "standard output cannot be written: \(errno.map(String.init) ?? "\(error)")", hints: ["the command itself was carried out"]
      )
    }
  }

  /// One line for people, on stderr, with the tool's name in front.
  static func say(_ line: String, _ priority: Journal.Priority = .information) {
    try? FileHandle.standardError.write(contentsOf: Array("\(Journal.prefix(priority))hsmkey: \(line)\n".utf8))
  }

  /// Something that a person should know although the command goes on: a line, or with `--json` an object `{"warning":…}`.
  ///
  /// - Parameter hint: what to do about it, on a line of its own; in the object it follows the text.
  static func warn(_ text: String, hint: String? = nil) {
    let whole = [text, hint].compactMap(\.self).joined(separator: "; ")
    if speaksJSON.load(ordering: .relaxed), let warning = try? JSONOutput.encode(["warning": whole]) {
      try? FileHandle.standardError.write(contentsOf: warning)
    } else {
      say("warning: \(forTerminal(text))", .warning)
      if let hint { say(hint: hint, .warning) }
    }
  }

  private static func say(hint: String, _ priority: Journal.Priority) {
    try? FileHandle.standardError.write(contentsOf: Array("\(Journal.prefix(priority))hint: \(forTerminal(hint))\n".utf8))
  }

  static func report(_ error: CommandError) {
    // Who has read enough of the answer wants no error: it is as if the signal had ended us (`hsmkey … | head -1`).
    if error.exitStatus == .readerGone { return }
    if speaksJSON.load(ordering: .relaxed), let report = try? JSONOutput.encode(ErrorReport(error)) {
      try? FileHandle.standardError.write(contentsOf: report)
      return
    }
    say("error: \(forTerminal(error.description))", .error)
    for hint in error.hints { say(hint: hint, .error) }
  }

  /// Text from outside must not steer a terminal: control characters are shown as escapes.
  static func forTerminal(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: shown += "\\u{\(String(scalar.value, radix: 16))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  /// Left column padded to one width, as people read lists of facts.
  static func facts(_ rows: [(name: String, value: String)], indent: Int = 0) -> String {
    let width = rows.map(\.name.count).max() ?? 0
    return rows.map { row in
      String(repeating: " ", count: indent) + row.name + String(repeating: " ", count: width - row.name.count + 2) + forTerminal(row.value)
    }.joined(separator: "\n")
  }
}
