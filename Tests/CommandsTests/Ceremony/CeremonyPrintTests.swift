import Foundation
import TestSupport
import Testing

@Suite("ceremony print")
struct CeremonyPrintTests {
  private let bench: Bench
  private static let examples = OfficialMaterial.projectFolder.appending(path: "docs/ceremonies").path

  init() throws { bench = try Bench() }

  @Test("the script of a plan as a new file; one that exists is not overwritten")
  func script() async throws {
    let arguments = ["ceremony", "print", "\(Self.examples)/root-key.yaml", "--out", bench.folder.path("script.html")]
    let result = try await bench.hsmkey(arguments + ["--json"])
    #expect(result.succeeded, "\(result.standardError)")
    #expect(result.standardOutput.contains("\"kind\":\"script\"") && result.standardOutput.contains("\"plan\":\"root-key\""))
    let page = try bench.text("script.html")
    #expect(page.contains("<bdi>Root key of Ab Demo Oy</bdi>"))
    #expect(try await bench.hsmkey(arguments).exitCode == 65)
    let onStandardOutput = try await bench.hsmkey(["ceremony", "print", "\(Self.examples)/root-key.yaml", "--out", "-"])
    #expect(onStandardOutput.standardOutput == page)
  }

  @Test("no plan, no transcript, no page: 65; options that do not fit together: 64")
  func refusals() async throws {
    try bench.folder.write("format: something\n".utf8, to: "other.yaml")
    #expect(try await bench.hsmkey(["ceremony", "print", bench.folder.path("other.yaml"), "--out", bench.folder.path("a")]).exitCode == 65)
    let plan = "\(Self.examples)/root-key.yaml"
    #expect(try await bench.hsmkey(["ceremony", "print", plan, "--transcript", "none", "--out", bench.folder.path("b")]).exitCode == 65)
    #expect(try await bench.hsmkey(["ceremony", "print", plan, "--rehearsal", "none", "--out", bench.folder.path("c")]).exitCode == 64)
    #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).filter { ["a", "b", "c"].contains($0) } == [])
  }
}
