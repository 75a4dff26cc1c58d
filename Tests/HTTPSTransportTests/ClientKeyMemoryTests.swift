import Foundation
import TestSupport
import Testing

@Suite("The client's key in OpenSSL, under sanitizers")
struct ClientKeyMemoryTests {
  @Test("neither leaks nor touches what is not its own, whether the key signs, fails or lies, in both versions of TLS")
  func handshakes() async throws {
    let folder = try TemporaryFolder()
    let sources = OfficialMaterial.projectFolder.appending(path: "Sources/CTransport").path
    let program = folder.path("client-key")
    let compiling = try await run(
      "cc",
      ["-std=c11", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror"] + [
        "-I", sources + "/include", "-o", program,
        OfficialMaterial.projectFolder.appending(path: "Tests/Modules/client-key.c").path,
        sources + "/CTransportKey.c", sources + "/CTransportIdentity.c", "-lssl", "-lcrypto",
      ])
    try #require(compiling.succeeded, "\(compiling.standardError)")
    // Leaks are looked for here, whatever the tests themselves were told.
    let result = try await run(program, ["20"], environment: ["ASAN_OPTIONS": "detect_leaks=1"])
    #expect(result.succeeded, "\(result.standardError)")
    #expect(result.standardOutput == "asked 480, signed 120\n")
  }
}
