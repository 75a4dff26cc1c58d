import Foundation
import TestSupport

/// What each backend did when docs/compatibility.md was written: a file each.
enum Golden {
  /// `scripts/generate-compatibility-page` sets it: files and page are written from this run, and not compared with it.
  static let isWritten = ProcessInfo.processInfo.environment["HSMKEY_WRITE_COMPATIBILITY"] == "1"

  private static let folder = OfficialMaterial.projectFolder.appending(path: "Tests/ConformanceTests/Golden")
  static let page = OfficialMaterial.projectFolder.appending(path: "docs/compatibility.md")

  static func report(of backend: Backend) throws -> ConformanceReport {
    try JSONDecoder().decode(ConformanceReport.self, from: Data(contentsOf: file(backend)))
  }

  static func write(_ report: ConformanceReport, of backend: Backend) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try (encoder.encode(report) + Data("\n".utf8)).write(to: file(backend))
  }

  private static func file(_ backend: Backend) -> URL { folder.appending(path: "\(backend.name).json") }
}
