import Foundation
import TestSupport
import Testing

/// One claim of docs/assurance.md: a section with a heading such as `## C1: …`.
private struct Claim: Sendable, CustomStringConvertible {
  let title: String
  let text: String

  var description: String { title }

  static let page = (try? SourceTree.text("docs/assurance.md")) ?? ""

  static let all: [Claim] = page.split(separator: "\n## ", omittingEmptySubsequences: false).dropFirst().compactMap { section in
    let lines = section.split(separator: "\n", maxSplits: 1)
    guard lines.count == 2, lines[0].wholeMatch(of: /C\d+: .+/) != nil else { return nil }
    return Claim(title: String(lines[0]), text: String(lines[1]))
  }

  /// Names of rules: in backquotes, capitals with hyphens.
  var rules: [String] { text.matches(of: /`([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)`/).map { String($0.1) } }

  /// Tests: a link to a file of tests, a colon, and the tests' sentences in quotation marks.
  var citations: [(path: String, sentences: [String])] {
    text.matches(of: /\]\(\.\.\/(Tests\/[^)]+)\)((?::|,)?(?:\s+"[^"]+"[,;.]?)*)/).map { match in
      (String(match.1), match.2.matches(of: /"([^"]+)"/).map { $0.1.split(whereSeparator: \.isWhitespace).joined(separator: " ") })
    }
  }
}

@Suite("docs/assurance.md: claims, arguments, evidence")
struct AssuranceTests {
  @Test("there are claims, numbered without a gap")
  func numbers() {
    let numbers = Claim.all.compactMap { $0.title.firstMatch(of: /C(\d+)/).flatMap { Int($0.1) } }
    #expect(numbers.count >= 8)
    #expect(numbers == Array(1...max(1, numbers.count)))
  }

  @Test("each has its claim, argument, evidence and limits, and cites a rule and a test")
  func parts() {
    let findings = Claim.all.flatMap { claim -> [String] in
      ["**Claim.**", "**Argument.**", "**Evidence.**", "**Limits.**"].filter { !claim.text.contains($0) }.map { "\(claim): lacks \($0)" }
        + (claim.rules.isEmpty ? ["\(claim): cites no rule"] : []) + (claim.citations.isEmpty ? ["\(claim): cites no test"] : [])
    }
    expectNone(findings)
  }

  @Test("every rule that is cited is in docs/rules.md")
  func rules() throws {
    let page = try SourceTree.text("docs/rules.md")
    let findings = Claim.all.flatMap { claim in
      claim.rules.filter { !page.contains("| `\($0)` |") }.map { "\(claim): no rule is called \($0)" }
    }
    expectNone(findings)
  }

  @Test("every test that is cited is in the file that is linked, under that name")
  func tests() {
    let texts = Dictionary(uniqueKeysWithValues: SourceTree.swiftTests.map { ($0.path, $0.text) })
    let findings = Claim.all.flatMap { claim in
      claim.citations.flatMap { path, sentences -> [String] in
        guard let text = texts[path] else { return ["\(claim): there is no \(path)"] }
        guard !sentences.isEmpty else { return ["\(claim): \(path) is linked, and none of its tests is named"] }
        return sentences.filter { !Self.has(text, $0) }.map { "\(claim): \(path) has no test \"\($0)\"" }
      }
    }
    expectNone(findings)
  }

  /// Whether a test in the text has this sentence: `@Test("…")`, also with the sentence on the next line or in several.
  private static func has(_ text: String, _ sentence: String) -> Bool {
    text.matches(of: /@Test\(\s*"((?:[^"\\]|\\.)+)"/).contains { $0.1 == sentence }
      || text.matches(of: /@Test\(\s*"""\n([\s\S]*?)"""/).contains { match in
        match.1.replacing("\\\n", with: "").split(whereSeparator: \.isWhitespace).joined(separator: " ") == sentence
      }
  }
}
