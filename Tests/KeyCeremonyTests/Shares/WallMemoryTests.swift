import Foundation
import TestSupport
import Testing

@Suite("What libgfshare and libqrencode leave in memory")
struct WallMemoryTests {
  private static let sources = OfficialMaterial.projectFolder.appending(path: "Sources").path

  private func program(_ folder: TemporaryFolder, _ options: [String], qrCode: String = sources + "/CQRCode/CQRCode.c") async throws
    -> String
  {
    let program = folder.path("walls")
    let compiled = try await run(
      "cc",
      ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror"] + options + [
        "-I", Self.sources + "/CSecretSharing/include", "-I", Self.sources + "/CQRCode/include", "-o", program,
        OfficialMaterial.projectFolder.appending(path: "Tests/Modules/ceremony-walls.c").path,
        Self.sources + "/CSecretSharing/CSecretSharing.c", qrCode, "-lgfshare", "-lqrencode",
      ])
    try #require(compiled.succeeded, "\(compiled.standardError)")
    return program
  }

  @Test("nothing of a secret that was shared, combined and drawn; a freed block is found")
  func search() async throws {
    let folder = try TemporaryFolder()
    let result = try await run(program(folder, []))
    #expect(result.standardOutput == "left 0\ncontrol 1\n", "\(result.standardError)")
  }

  @Test(
    "without either of the two ways of overwriting, something is left",
    arguments: ["mallopt(M_PERTURB, 0x55);", "overwrite_what_is_at_hand();"])
  func both(line: String) async throws {
    let folder = try TemporaryFolder()
    let source = try String(contentsOfFile: Self.sources + "/CQRCode/CQRCode.c", encoding: .utf8)
    try #require(source.contains("  " + line))
    let changed = source.replacing("  " + line, with: "")
    try folder.write(changed.utf8, to: "changed.c")
    let result = try await run(program(folder, ["-Wno-unused-function"], qrCode: folder.path("changed.c")))
    #expect(result.succeeded && !result.standardOutput.hasPrefix("left 0\n"))
  }

  @Test("under sanitizers: no leak, nothing touched that is not ours")
  func sanitizers() async throws {
    let folder = try TemporaryFolder()
    let program = try await program(folder, ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"])
    let result = try await run(program, environment: ["ASAN_OPTIONS": "detect_leaks=1"])
    #expect(result.succeeded, "\(result.standardError)")
  }
}
