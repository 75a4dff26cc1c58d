import CertificateService
import Foundation
import TestSupport
import Testing

@Suite("Rules")
struct RuleTests {
  @Test("each rule is listed once, under a name of capital letters, and a test of this folder carries the name")
  func names() throws {
    let rules = ServiceRule.allCases.map(\.rawValue)
    #expect(Set(rules).count == rules.count)
    let folder = OfficialMaterial.projectFolder.appending(path: "Tests/CertificateServiceTests")
    let names = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? []
    let files = names.filter { $0.hasSuffix(".swift") }.map { folder.appending(path: $0) }
    let tests = try files.map { try String(contentsOf: $0, encoding: .utf8) }.joined().components(separatedBy: "@Test(")
    for name in rules {
      #expect(name.wholeMatch(of: /[A-Z0-9]+(-[A-Z0-9]+)+/) != nil)
      #expect(tests.contains { $0.prefix(200).contains(name) }, "no test is named for \(name)")
    }
  }

  @Test("every rule that the source declares is listed")
  func complete() throws {
    let source = OfficialMaterial.projectFolder.appending(path: "Sources/CertificateService/ServiceRule.swift")
    let text = try String(contentsOf: source, encoding: .utf8)
    let declared = text.matches(of: /public static let \w+ = ServiceRule\("([A-Z0-9-]+)"\)/).map { String($0.output.1) }
    #expect(Set(declared) == Set(ServiceRule.allCases.map(\.rawValue)))
  }
}
