import TestSupport
import Testing

@Suite("Code")
struct CodeTests {
  private let everything = SourceTree.swiftSources + SourceTree.swiftTests

  @Test("no Swift file has more than 400 lines")
  func length() {
    let findings = everything.filter { $0.lines.count > 401 }.map { "\($0): \($0.lines.count - 1) lines" }
    expectNone(findings)
  }

  @Test("no line has more than 140 characters, comments included")
  func width() {
    let findings = everything.flatMap { file in
      file.lines.enumerated().filter { $0.element.count > 140 }.map { "\(file):\($0.offset + 1): \($0.element.count) characters" }
    }
    expectNone(findings)
  }

  @Test("libraries do not print: an answer is returned, and only the command line shows it")
  func printing() {
    let findings = lines(
      /\b(print|debugPrint|dump|NSLog)\(/,
      in: SourceTree.swiftSources.filter { !["hsmkey", "certificate-service-simulator"].contains($0.room) })
    expectNone(findings)
  }

  @Test("nothing that comes from outside can end the program: no fatalError, no try!")
  func ending() {
    let findings = lines(/\b(fatalError|preconditionFailure|assertionFailure)\(|\btry!/, in: SourceTree.swiftSources)
    expectNone(findings)
  }

  @Test("nothing is left for later")
  func unfinished() {
    let marks = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]
    let findings =
      (everything + SourceTree.cSources + SourceTree.scripts + SourceTree.pages).flatMap { file in
        file.lines.enumerated().filter { line in line.element.split { !$0.isLetter }.contains { marks.contains(String($0)) } }
          .map { "\(file):\($0.offset + 1): \($0.element)" }
      } + everything.filter { $0.path.hasSuffix("Placeholder.swift") }.map { "\($0): a placeholder" }
    expectNone(findings)
  }

  @Test("every public symbol says what it is")
  func documentation() {
    // What a protocol demands says the same everywhere.
    let exempt = [
      "var description", "var debugDescription", "var errorDescription", "rawValue", "allCases", "func hash(", "func ==(", "func == (",
      "static func <", "init(from ", "func encode(", "static let configuration", "func run(",
    ]
    let findings = SourceTree.swiftSources.flatMap { file -> [String] in
      let lines = file.lines
      return lines.indices.compactMap { index in
        let line = lines[index].drop { $0 == " " }
        guard line.contains(/^(@\w+ )*public (?!import|extension)/), !exempt.contains(where: { line.contains($0) }) else { return nil }
        var above = index - 1
        while above >= 0, lines[above].drop(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
        let documented = above >= 0 && lines[above].drop { $0 == " " }.hasPrefix("///")
        return documented ? nil : "\(file):\(index + 1): \(line)"
      }
    }
    expectNone(findings)
  }

  @Test("no test is skipped without a reason that is printed")
  func skipping() {
    let findings = lines(/\.disabled\(\)|\.enabled\(if: false|XCTSkip/, in: SourceTree.swiftTests.filter { $0.room != "HouseTests" })
    expectNone(findings)
  }

  private func lines(_ pattern: some RegexComponent, in files: [SourceFile]) -> [String] {
    files.flatMap { file in
      file.codeLines.enumerated().filter { $0.element.contains(pattern) }.map { "\(file):\($0.offset + 1): \($0.element)" }
    }
  }
}
