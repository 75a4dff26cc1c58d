import Foundation
import TestSupport
import Testing

@Suite("CONFIG-OWNER-ONLY: whoever can write the configuration runs programs as us", .serialized)
struct ConfigurationOwnerTests {
  @Test("CONFIG-OWNER-ONLY: a file that others can change is refused, found by itself or named", arguments: [0o666, 0o620, 0o602, 0o777])
  func mode(mode: Int) async throws {
    let bench = try Bench()
    try bench.folder.write("token: {module: /nonexistent.so}\n".utf8, to: "hsmkey.yaml")
    try bench.folder.setMode(mode_t(mode), of: "hsmkey.yaml")
    for arguments in [["token", "list"], ["config", "show", "--config", "hsmkey.yaml"]] {
      let refusal = try Refusal(json: try await bench.hsmkey(arguments + ["--json"]), exitCode: 78, sourceLocation: #_sourceLocation)
      #expect(refusal.rule == "CONFIG-OWNER-ONLY")
      #expect(refusal.hint.contains("chmod go-w"))
      #expect(!refusal.message.contains("/nonexistent.so"))
    }
    try bench.folder.setMode(mode_t(mode & ~0o022), of: "hsmkey.yaml")
    try await bench.succeeds("config", "show")
  }

  @Test(
    "CONFIG-OWNER-ONLY: another user's file is refused, also behind a link",
    .enabled(if: geteuid() == 0, "only root can give a file away"))
  func owner() async throws {
    let bench = try Bench()
    try bench.folder.write("state: s\n".utf8, to: "theirs")
    try bench.folder.giveAway("theirs")
    try bench.folder.makeLink("hsmkey.yaml", to: "theirs")
    for arguments in [["token", "list"], ["config", "show", "--config", "theirs"]] {
      let refusal = try Refusal(json: try await bench.hsmkey(arguments + ["--json"]), exitCode: 78, sourceLocation: #_sourceLocation)
      #expect(refusal.rule == "CONFIG-OWNER-ONLY")
      #expect(refusal.message.contains("user 65534"))
    }
  }

  @Test("a device and a pipe of our own are no danger")
  func noFiles() async throws {
    let bench = try Bench()
    try await bench.succeeds("config", "show", "--config", "/dev/null")
    let piped = try await bench.shell(#""$hsmkey" config show --config <(echo 'state: from-a-pipe')"#)
    #expect(piped.standardOutput.contains("from-a-pipe"), "\(piped.standardError)")
  }
}
