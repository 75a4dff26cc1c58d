import Foundation
import TestSupport
import Testing

@testable import ServiceSimulator

@Suite("docs/simulator.md")
struct DocumentationTests {
  /// The first column of the tables under a heading.
  private func names(under heading: String) throws -> [String] {
    let text = try String(contentsOf: OfficialMaterial.projectFolder.appending(path: "docs/simulator.md"), encoding: .utf8)
    let section = text.components(separatedBy: "\n## ").first { $0.hasPrefix(heading + "\n") }
    return try #require(section).matches(of: /(?m)^\| `([^`]+)` \|/).map { String($0.output.1) }
  }

  @Test("It lists every fault, in the order of the program's own list")
  func faults() throws { #expect(try names(under: "Faults on demand") == ServiceFault.allCases.map(\.rawValue)) }

  @Test("It lists every command as the program does")
  func commands() throws {
    let page = try names(under: "Telling it what to do while it runs").map { $0.replacing("\\|", with: "|") }
    #expect(page == SimulatorCommand.forms.map(\.syntax))
  }

  @Test("It explains every member of a line of the log")
  func members() throws {
    let entry = LoggedRequest(method: "", path: "", at: .now, machineTime: .now)
    let page = try String(contentsOf: OfficialMaterial.projectFolder.appending(path: "docs/simulator.md"), encoding: .utf8)
    for member in Mirror(reflecting: entry).children.compactMap(\.label) where member != "kind" {
      #expect(page.contains("`\(member)`"), "\(member)")
    }
  }

  @Test("It lists every error code")
  func codes() throws { #expect(try names(under: "Error codes") == SimulatorErrorCode.allCases.map(\.rawValue)) }

  @Test("It lists every rule")
  func rules() throws { #expect(try names(under: "Rules") == SimulatorRule.allCases.map(\.rawValue)) }

  @Test("What is sent fits the schema: codes of 16 characters, no name twice")
  func codesFit() {
    #expect(SimulatorErrorCode.allCases.allSatisfy { $0.rawValue.count <= 16 })
    #expect(Set(SimulatorErrorCode.allCases).count == SimulatorErrorCode.allCases.count)
    #expect(Set(SimulatorRule.allCases).count == SimulatorRule.allCases.count)
  }
}
