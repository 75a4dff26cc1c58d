import Foundation
import TestSupport
import Testing

/// A rule as it stands in the sources under its doc comment: `static let source = SecretRule("SECRET-SOURCE")`, or in an enumeration of
/// rules `case seal = "CEREMONY-SEAL"`.
private struct Rule: Sendable {
  let name: String
  let sentence: String
  let place: String

  static let all: [Rule] = SourceTree.swiftSources.flatMap { file in
    let lines = file.lines
    return lines.indices.compactMap { index -> Rule? in
      guard let name = Self.name(in: lines[index], of: file) else { return nil }
      let comment = lines[..<index].reversed().prefix { $0.drop { $0 == " " }.hasPrefix("///") }.reversed()
      let sentence = comment.map { $0.drop { $0 == " " }.dropFirst(3).drop { $0 == " " } }.joined(separator: " ")
      return Rule(name: name, sentence: sentence, place: "\(file):\(index + 1)")
    }
  }

  private static func name(in line: Substring, of file: SourceFile) -> String? {
    if let match = line.firstMatch(of: /static let \w+ = \w+Rule\("([^"]*)"\)/) { return String(match.1) }
    guard file.text.contains(/enum \w+Rule: String/) else { return nil }
    return line.firstMatch(of: /^ *case \w+ = "([^"]*)"/).map { String($0.1) }
  }
}

@Suite("Rules have names")
struct RuleTests {
  @Test("the sources define rules at all")
  func some() { #expect(Rule.all.count >= 20) }

  @Test("each name is written in capitals with hyphens, and belongs to one rule")
  func names() {
    let odd = Rule.all.filter { $0.name.wholeMatch(of: /[A-Z][A-Z0-9]*(-[A-Z0-9]+)+/) == nil }.map {
      "\($0.place): '\($0.name)' is no name of a rule"
    }
    let double = Dictionary(grouping: Rule.all, by: \.name).filter { $0.value.count > 1 }
      .map { "\($0.key) is defined at \($0.value.map(\.place).joined(separator: " and "))" }
    expectNone(odd + double.sorted())
  }

  @Test("each says in a sentence what it demands")
  func sentences() {
    let findings = Rule.all.filter { $0.sentence.count < 15 || !($0.sentence.hasSuffix(".") || $0.sentence.hasSuffix(".)")) }.map {
      "\($0.place): \($0.name) has no sentence: '\($0.sentence)'"
    }
    expectNone(findings)
  }

  @Test("each is listed among all cases of its type")
  func allCases() {
    let findings = SourceTree.swiftSources.flatMap { file -> [String] in
      let members = file.text.matches(of: /static let (\w+) = \w+Rule\("/).map { String($0.1) }
      guard !members.isEmpty else { return [] }
      guard let list = file.text.firstMatch(of: /allCases[^=\n]*= \[([^\]]*)\]/)?.1 else { return ["\(file): there is no allCases"] }
      let listed = Set(list.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init))
      return members.filter { !listed.contains($0) }.map { "\(file): allCases lacks \($0)" }
    }
    expectNone(findings)
  }

  @Test("each is cited by a test")
  func tested() {
    let tests = SourceTree.swiftTests.filter { $0.room != "HouseTests" }.map(\.text)
    let findings = Rule.all.filter { rule in !tests.contains { Self.cites($0, rule.name) } }.map {
      "\($0.name) (\($0.place)) is named by no test"
    }
    expectNone(findings)
  }

  @Test("docs/rules.md is what scripts/generate-rules-page makes of the sources")
  func page() async throws {
    let generated = try await run(SourceTree.root.appending(path: "scripts/generate-rules-page").path, ["--stdout"])
    #expect(generated.succeeded, Comment(rawValue: generated.standardError))
    expectNone(Rule.all.filter { !generated.standardOutput.contains("`\($0.name)`") }.map { "the script overlooks \($0.name)" })
    let page = (try? SourceTree.text("docs/rules.md")) ?? ""
    let missing = Rule.all.filter { !page.contains("`\($0.name)`") }.map { "docs/rules.md lacks \($0.name)" }
    expectNone(missing)
    let isUpToDate = page == generated.standardOutput
    #expect(isUpToDate, "run scripts/generate-rules-page")
  }

  /// Whether the name stands there as a whole: KEY-SIGN is not cited by KEY-SIGN-ONLY.
  private static func cites(_ text: String, _ name: String) -> Bool {
    text.ranges(of: name).contains { range in
      let before = range.lowerBound == text.startIndex ? nil : text[text.index(before: range.lowerBound)]
      let after = range.upperBound == text.endIndex ? nil : text[range.upperBound]
      return ![before, after].contains { $0.map { $0.isLetter || $0.isNumber || $0 == "-" } ?? false }
    }
  }
}
