import Foundation
import TestSupport
import Testing

@Suite("docs/compatibility.md")
struct CompatibilityPageTests {
  @Test("is what the recorded runs say")
  func page() async throws {
    if Golden.isWritten {
      for backend in Backend.all where backend.isToRun { try Golden.write(await ConformanceRun.report(of: backend), of: backend) }
    }
    let page = CompatibilityPage(backends: try Backend.all.map { ($0, try Golden.report(of: $0)) })
    guard !Golden.isWritten else { return try Data(page.text.utf8).write(to: Golden.page) }
    let written = try String(contentsOf: Golden.page, encoding: .utf8)
    let isSame = written == page.text
    #expect(isSame, "write it anew: scripts/generate-compatibility-page")
  }

  @Test("tells of nothing that failed, and leaves no expected finding out")
  func findings() throws {
    for backend in Backend.all {
      let checks = try Golden.report(of: backend).checks
      #expect(checks.filter { $0.outcome == .failed }.isEmpty)
      let findings = Dictionary(uniqueKeysWithValues: checks.filter { $0.outcome == .finding }.map { ($0.name, $0.rule ?? "") })
      #expect(findings == Expectations.findings[backend.name] ?? [:], "\(backend.name)")
    }
  }
}
