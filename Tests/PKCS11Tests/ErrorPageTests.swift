import Foundation
import PKCS11
import TestSupport
import Testing

@Suite("The page of errors")
struct ErrorPageTests {
  /// `scripts/generate-errors-page` sets `HSMKEY_WRITE_PAGES`, and then the page is written first.
  @Test("docs/errors.md is what the program's own table says")
  func page() throws {
    let path = OfficialMaterial.projectFolder.appending(path: "docs/errors.md")
    if ProcessInfo.processInfo.environment["HSMKEY_WRITE_PAGES"] != nil {
      try ErrorPage.markdown().write(to: path, atomically: true, encoding: .utf8)
    }
    let isUpToDate = (try? String(contentsOf: path, encoding: .utf8)) == ErrorPage.markdown()
    #expect(isUpToDate, "run scripts/generate-errors-page")
  }

  @Test("each line of a table has the columns of its head, and no cell breaks out of it")
  func columns() {
    var expected = 0
    for line in ErrorPage.markdown().split(separator: "\n", omittingEmptySubsequences: false) {
      let cells = line.count { $0 == "|" }
      if line.hasPrefix("|"), expected == 0 { expected = cells }
      if !line.hasPrefix("|") { expected = 0 }
      #expect(cells == expected, "\(line)")
    }
  }
}
