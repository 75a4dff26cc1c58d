import Foundation
import TestSupport
import Testing

@Suite("Settings of sessions and deadlines", .serialized)
struct TokenSettingsTests {
  @Test("token.sessions, deadlines and initialization-string come from the file, and config show tells them")
  func shown() async throws {
    let bench = try Bench()
    try bench.folder.write(
      "token:\n  sessions: 2\n  deadline: 5s\n  key-generation-deadline: 10m\n  initialization-string: \"configdir='sql:/x'\"\n".utf8,
      to: "hsmkey.yaml")
    let settings = try await bench.object("config", "show")["settings"].list
    func value(_ name: String) -> String? { settings.first { $0["name"].string == name }?["value"].string }
    #expect(value("token.sessions") == "2")
    #expect(value("token.deadline") == "5s")
    #expect(value("token.key-generation-deadline") == "10m")
    #expect(value("token.initialization-string") == "configdir='sql:/x'")

    try bench.folder.write("token: {}\n".utf8, to: "hsmkey.yaml")
    let defaults = try await bench.object("config", "show")["settings"].list
    #expect(defaults.first { $0["name"].string == "token.deadline" }?["value"].string == "20s")
    #expect(defaults.first { $0["name"].string == "token.sessions" }?["origin"].string == "default")
  }

  @Test(
    "values that cannot be are refused with their line",
    arguments: ["sessions: 0", "sessions: many", "sessions: 5000", "deadline: 0s", "deadline: 20", "key-generation-deadline: soon"])
  func refused(line: String) async throws {
    let bench = try Bench()
    try bench.folder.write("token:\n  \(line)\n".utf8, to: "hsmkey.yaml")
    let refusal = try await bench.refused(78, "config", "show")
    #expect(refusal.message.contains("line 2: token.\(line.split(separator: ":")[0]) must be "), "\(refusal.message)")
  }

  @Test("a token that allows one session is used through one, as the configuration asks for more")
  func oneSession() async throws {
    let module = try FaultModule(.softHSMInChild, .maxSessions(1))
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256", environment: ["HSMKEY_MODULE": module.path])
    #expect(try await bench.object("doctor", environment: ["HSMKEY_MODULE": module.path]).step("sessions")["outcome"].string == "warning")
  }

  @Test(
    "NSS is told its database", .enabled(if: nss != nil, "NSS (libnss3, certutil) is not on this machine"))
  func initializationString() async throws {
    let bench = try Bench()
    try FileManager.default.createDirectory(atPath: bench.folder.path("nss"), withIntermediateDirectories: false)
    let made = try await run("certutil", ["-N", "-d", "sql:\(bench.folder.path("nss"))", "-f", bench.folder.path("pin")])
    try #require(made.exitCode == 0, "\(made.standardError)")
    let environment = ["HSMKEY_MODULE": Self.nss ?? "", "HSMKEY_TOKEN": "NSS Certificate DB"]
    let untold = try await bench.failedDoctor(78, environment: environment)
    #expect(untold.step("module-settings")["hint"].string?.contains("token.initialization-string") == true)
    let string = "configdir='sql:\(bench.folder.path("nss"))' certPrefix='' keyPrefix='' secmod='secmod.db' flags="
    try bench.folder.write("token:\n  initialization-string: \"\(string)\"\n".utf8, to: "hsmkey.yaml")
    let answer = try await bench.object("doctor", "--login", environment: environment)
    #expect(answer.step("dialect")["message"].string?.hasPrefix("nss") == true)
    #expect(answer.step("login")["outcome"].string == "ok")
  }

  private static let nss: String? = {
    let tool = FileManager.default.isExecutableFile(atPath: "/usr/bin/certutil")
    return tool
      ? ["/usr/lib/x86_64-linux-gnu/libsoftokn3.so", "/usr/lib/aarch64-linux-gnu/libsoftokn3.so"].first {
        FileManager.default.fileExists(atPath: $0)
      } : nil
  }()
}
