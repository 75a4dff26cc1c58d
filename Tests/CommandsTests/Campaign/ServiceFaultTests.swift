import Campaign
import Foundation
import ServiceSimulator
import TestSupport
import Testing

/// Every fault of the simulator, in the answer to the request and in the answer with the certificate, of an enrolment and of a renewal.
///
/// Each is a run of the campaign: what the campaign looks at after every run is looked at here too, so nothing is sent twice, nothing of a
/// refused answer is kept, and the old certificate stays in use.
@Suite(
  "A service that misbehaves ends in the documented state and exit code, and the next run goes on or says why not",
  .timeLimit(.minutes(30)), .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct ServiceFaultTests {
  private static let observed = Task { try await ServiceFaultTable.observe(grounds: 2) }

  @Test("LIFECYCLE-NOT-REPEATED: each fault at each step", arguments: ServiceFaultTable.places)
  func outcome(place: ServiceFaultTable.Place) async throws {
    #expect(try await Self.observed.value.outcomes[place] == ServiceFaultTable.expected(place))
  }

  @Test("no promise is broken by any of them")
  func promises() async throws {
    let explanations = try await Self.observed.value.report.explanations
    #expect(explanations.isEmpty, Comment(rawValue: explanations.joined(separator: "\n")))
  }

  /// `scripts/generate-survival-page` sets `HSMKEY_WRITE_PAGES`, and then the table is written first.
  @Test("docs/survival.md has the table that the tests go by")
  func page() throws {
    let path = OfficialMaterial.projectFolder.appending(path: "docs/survival.md")
    let marks = ["<!-- faults: scripts/generate-survival-page -->\n", "\n<!-- end -->"]
    let text = try String(contentsOf: path, encoding: .utf8)
    let start = try #require(text.range(of: marks[0])).upperBound
    let end = try #require(text.range(of: marks[1])).lowerBound
    if ProcessInfo.processInfo.environment["HSMKEY_WRITE_PAGES"] != nil {
      try Data((text[..<start] + ServiceFaultTable.page + text[end...]).utf8).write(to: path)
      return
    }
    #expect(text[start..<end] == ServiceFaultTable.page, "run scripts/generate-survival-page")
  }
}
