import Foundation
import TestSupport
import Testing

@testable import CertificateLifecycle

@Suite("The page of the life cycle")
struct LifecyclePageTests {
  /// `scripts/generate-lifecycle-page` sets `HSMKEY_WRITE_PAGES`, and then the page is written first.
  @Test("docs/lifecycle.md is what the program's own table says")
  func page() throws {
    let path = OfficialMaterial.projectFolder.appending(path: "docs/lifecycle.md")
    if ProcessInfo.processInfo.environment["HSMKEY_WRITE_PAGES"] != nil {
      try LifecyclePage.markdown().write(to: path, atomically: true, encoding: .utf8)
    }
    let isUpToDate = (try? String(contentsOf: path, encoding: .utf8)) == LifecyclePage.markdown()
    #expect(isUpToDate, "run scripts/generate-lifecycle-page")
  }

  @Test("It explains every state, and draws every arrow of the table that leads elsewhere")
  func complete() {
    let page = LifecyclePage.markdown()
    #expect(Set(LifecyclePage.meanings.keys) == Set(LifecycleState.allCases))
    for transition in LifecycleMachine.transitions {
      #expect(page.contains("  \(transition.event)"), "\(transition)")
    }
  }
}
