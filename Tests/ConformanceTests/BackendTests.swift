import Foundation
import TestSupport
import Testing

@Suite("Conformance: what each kind of token does with us")
struct BackendTests {
  @Test("SoftHSM", .enabled(if: Backend.softHSM.isToRun, Comment(rawValue: Backend.softHSM.whySkipped)))
  func softHSM() async throws { try await hold(.softHSM) }

  @Test("NSS softokn, through its 3.0 interface", .enabled(if: Backend.nss.isToRun, Comment(rawValue: Backend.nss.whySkipped)))
  func nss() async throws { try await hold(.nss) }

  @Test("openCryptoki", .enabled(if: Backend.openCryptoki.isToRun, Comment(rawValue: Backend.openCryptoki.whySkipped)))
  func openCryptoki() async throws { try await hold(.openCryptoki) }

  @Test("TPM 2.0", .enabled(if: Backend.tpm2.isToRun, Comment(rawValue: Backend.tpm2.whySkipped)))
  func tpm2() async throws { try await hold(.tpm2) }

  @Test("p11-kit's server", .enabled(if: Backend.p11Kit.isToRun, Comment(rawValue: Backend.p11Kit.whySkipped)))
  func p11Kit() async throws { try await hold(.p11Kit) }

  @Test("p11-kit's proxy", .enabled(if: Backend.p11KitProxy.isToRun, Comment(rawValue: Backend.p11KitProxy.whySkipped)))
  func p11KitProxy() async throws { try await hold(.p11KitProxy) }

  @Test("pkcs11-spy", .enabled(if: Backend.spy.isToRun, Comment(rawValue: Backend.spy.whySkipped)))
  func spy() async throws { try await hold(.spy) }

  /// Runs the checks and holds what they found against what is expected of this backend, and against the page.
  private func hold(_ backend: Backend) async throws {
    let report = try await ConformanceRun.report(of: backend)
    for check in report.checks where check.outcome == .failed {
      Issue.record("\(backend.name): \(check.name): \(check.detail ?? "")")
    }
    for check in report.checks where check.outcome == .skipped && !isExplained(check, in: report) {
      Issue.record("\(backend.name): \(check.name) was skipped without need: \(check.missing ?? check.because.map { [$0] } ?? [])")
    }
    let findings = Dictionary(
      uniqueKeysWithValues: report.checks.filter { $0.outcome == .finding }.map { ($0.name, $0.rule ?? "") })
    let expected = Expectations.findings[backend.name] ?? [:]
    for name in Set(findings.keys).union(expected.keys).sorted() where findings[name] != expected[name] {
      let detail = report.checks.first { $0.name == name }?.detail ?? ""
      Issue.record(
        "\(backend.name): \(name): finding \(findings[name] ?? "none") where \(expected[name] ?? "none") is expected: \(detail)")
    }
    let passed = report.checks.filter { $0.outcome == .passed }.count
    #expect(passed >= 20, "\(backend.name): hardly anything ran")

    // The page's own test writes it then.
    if Golden.isWritten { return }
    let golden = try Golden.report(of: backend)
    let known = Dictionary(uniqueKeysWithValues: golden.checks.map { ($0.name, $0) })
    for check in report.checks where known[check.name] != check {
      Issue.record("docs/compatibility.md is not what \(backend.name) does (scripts/generate-compatibility-page): \(check)")
    }
    let names = (golden.checks.map(\.name), report.checks.map(\.name))
    #expect(names.0 == names.1)
  }

  /// Whether what a skipped check lacks is really not there.
  private func isExplained(_ check: CheckResult, in report: ConformanceReport) -> Bool {
    if let because = check.because {
      return report.checks.contains { $0.name == because && ($0.outcome == .finding || $0.outcome == .skipped) }
    }
    guard let missing = check.missing, !missing.isEmpty else { return false }
    return missing.allSatisfy { text in
      guard let match = text.wholeMatch(of: /(\w+) \(([a-z ]+)\)/) else { return false }
      return report.mechanisms[String(match.1)]?.contains(String(match.2)) != true
    }
  }
}
