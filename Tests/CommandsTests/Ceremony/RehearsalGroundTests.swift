import Foundation
import TestSupport
import Testing

/// A process of its own makes the ground: `ceremony-probe ground`.
@Suite("The ground of a rehearsal")
struct RehearsalGroundTests {
  private static let simulator = BuiltProduct.path("certificate-service-simulator")
  private static let environment = ["HSMKEY_CONFIG": "", "HSMKEY_MODULE": "", "HSMKEY_PIN_SOURCE": "", "HSMKEY_LOG": ""]

  private func plan(_ name: String) -> String {
    OfficialMaterial.projectFolder.appending(path: "docs/ceremonies/\(name).yaml").path
  }

  private func facts(_ name: String) async throws -> [String] {
    let folder = try TemporaryFolder()
    let result = try await run(
      BuiltProduct.path("ceremony-probe"), ["ground", plan(name), Self.simulator],
      environment: Self.environment.merging(["TMPDIR": folder.path, "HSMKEY_PIN_MEMORY": folder.path("real-pins")]) { $1 }, in: folder.path)
    try #require(result.exitCode == 0, "\(result.standardError)")
    // Neither tokens nor refused PINs are left, nor anything that a real token would meet.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    let facts = result.standardOutput.split(separator: "\n").map(String.init)
    #expect(facts.last == "gone true")
    return facts
  }

  @Test("has the keys and the certificate that a plan finds; the certificate is renewed once, however often one asks")
  func renewal() async throws {
    let facts = try await facts("renewal")
    #expect(facts.contains("token main payroll"))
    #expect(facts.contains("key main ceremony-2026 ecdsa-p256"))
    #expect(facts.count { $0.hasPrefix("key main ") } == 2)
    #expect(facts.contains("renewed payroll true true"))
  }

  @Test("has blank tokens where the plan initialises them, and orders whose certificates come once")
  func firstKey() async throws {
    let facts = try await facts("first-key")
    #expect(facts.contains { $0.hasPrefix("token ") })
    #expect(facts.contains { $0.hasPrefix("folder ") })
  }

  @Test("makes one token a copy of another, with the copy's own PIN")
  func replica() async throws {
    let facts = try await facts("root-key")
    #expect(facts.contains("token root blank"))
    #expect(facts.contains("token copy root-copy"))
    #expect(facts.contains("copy root-copy true"))
    #expect(facts.contains("copied true"))
    #expect(facts.contains("original 1"))
  }

  @Test("is gone when the process is killed, and so is the simulator")
  func killed() async throws {
    let folder = try TemporaryFolder()
    let log = folder.path("log")
    let input = Pipe()
    let child = try ChildProcess(
      BuiltProduct.path("ceremony-probe"), ["ground", plan("renewal"), Self.simulator, "--hold"],
      environment: Self.environment.merging(["TMPDIR": folder.path]) { $1 }, input: input.fileHandleForReading.fileDescriptor, log: log)
    let made = try await eventually("the ground") { () -> String? in
      let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      return text.split(separator: "\n").first { $0.hasPrefix("folder ") }.map { String($0.dropFirst(7)) }
    }
    #expect(FileManager.default.fileExists(atPath: made + "/softhsm2.conf"))
    child.send(SIGKILL)
    _ = try await child.wait()
    try await eventually("the end of the folder") { FileManager.default.fileExists(atPath: made) ? nil : () }
  }

  @Test("names what is missing: SoftHSM's module, the simulator")
  func missing() async throws {
    let folder = try TemporaryFolder()
    let result = try await run(
      BuiltProduct.path("ceremony-probe"), ["ground", plan("renewal"), "/nowhere"],
      environment: Self.environment.merging(["TMPDIR": folder.path]) { $1 }, in: folder.path)
    #expect(result.exitCode == 1)
    #expect(result.standardError.contains("/nowhere is no program"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
