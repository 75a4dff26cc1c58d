import Foundation
import TestSupport
import Testing

/// One file of the checkout.
struct SourceFile: Sendable, CustomStringConvertible {
  /// From the root of the checkout: `Sources/Secrets/SecretBytes.swift`.
  let path: String
  let text: String

  var description: String { path }
  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

  /// The folder under `Sources` or `Tests`: the room.
  var room: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

  /// The lines with comments and the insides of string literals blanked out, so that what is left is code.
  var codeLines: [String] { Self.code(of: text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

  /// The modules that the file imports.
  var imports: [String] {
    codeLines.compactMap { line in
      let words = line.split(separator: " ")
      guard let keyword = words.firstIndex(of: "import"), words[..<keyword].allSatisfy(Self.importModifiers.contains) else { return nil }
      // `import struct Foundation.Date`
      let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
      let name = words[(keyword + 1)...].first { !kinds.contains($0) }
      return name?.split(separator: ".").first.map(String.init)
    }
  }

  private static let importModifiers: Set<Substring> = [
    "public", "package", "internal", "private", "fileprivate", "@testable", "@preconcurrency", "@_exported", "@_spi", "@unsafe", "@safe",
  ]

  private static func code(of text: String) -> String {
    var code: [UInt8] = []
    var rest = Array(text.utf8)[...]
    // The delimiter that ends the literal or comment we are in; nil in code.
    var end: [UInt8]?
    var depth = 0
    while let byte = rest.first {
      if let closing = end {
        if closing == Array("*/".utf8), rest.starts(with: "/*".utf8) {
          depth += 1
          rest = rest.dropFirst(2)
        } else if closing.first == UInt8(ascii: "\""), byte == UInt8(ascii: "\\"), closing.last != UInt8(ascii: "#") {
          rest = rest.dropFirst(2)
        } else if rest.starts(with: closing) {
          depth -= 1
          if depth == 0 { end = nil }
          if closing == [UInt8(ascii: "\n")] { code.append(byte) }
          rest = rest.dropFirst(closing.count)
        } else {
          if byte == UInt8(ascii: "\n") { code.append(byte) }
          rest = rest.dropFirst()
        }
      } else if let (opening, closing) = delimiters.first(where: { rest.starts(with: $0.0) }) {
        (end, depth) = (closing, 1)
        rest = rest.dropFirst(opening.count)
      } else {
        code.append(byte)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: code, as: UTF8.self)
  }

  private static let delimiters: [([UInt8], [UInt8])] = [
    ("//", "\n"), ("/*", "*/"), ("#\"\"\"", "\"\"\"#"), ("\"\"\"", "\"\"\""), ("#\"", "\"#"), ("\"", "\""),
  ].map { (Array($0.0.utf8), Array($0.1.utf8)) }
}

/// The checkout that these tests were built from.
enum SourceTree {
  static let root = OfficialMaterial.projectFolder

  static let swiftSources = files(under: "Sources") { $0.hasSuffix(".swift") }
  static let swiftTests = files(under: "Tests") { $0.hasSuffix(".swift") }
  static let cSources = files(under: "Sources") { $0.hasSuffix(".c") || $0.hasSuffix(".h") }
  static let pages = files(under: "docs") { $0.hasSuffix(".md") } + files(under: "", recursively: false) { $0.hasSuffix(".md") }
  static let scripts = (files(under: "softhsm") + files(under: "scripts") + files(under: ".ci")).filter {
    $0.text.hasPrefix("#!") || $0.path.hasSuffix(".sh")
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root.appending(path: path).path) }

  static func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }

  private static func files(under folder: String, recursively: Bool = true, where wanted: (String) -> Bool = { _ in true }) -> [SourceFile]
  {
    let start = folder.isEmpty ? root : root.appending(path: folder)
    let names =
      recursively
      ? FileManager.default.enumerator(atPath: start.path).map { $0.compactMap { $0 as? String } } ?? []
      : (try? FileManager.default.contentsOfDirectory(atPath: start.path)) ?? []
    return names.filter(wanted).sorted().compactMap { name in
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      return (try? text(path)).map { SourceFile(path: path, text: $0) }
    }
  }
}

/// Fails with one line for each finding (`Sources/PKCS11/Session.swift:12: what is wrong`), so that it says exactly what to mend.
func expectNone(_ findings: [String], sourceLocation: SourceLocation = #_sourceLocation) {
  guard !findings.isEmpty else { return }
  Issue.record(Comment(rawValue: "\(findings.count) to mend:\n" + findings.joined(separator: "\n")), sourceLocation: sourceLocation)
}
