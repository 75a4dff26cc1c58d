import Foundation
import TestSupport
import Testing

@Suite("Cutting consumers over, with troubles")
struct CutOverTests {
  /// An old certificate, one in use, and a consumer with a file of its own and this program.
  private func renewed(
    program: String, _ body: (ConsumerBench, _ old: String) async throws -> Void
  ) async throws {
    try await ConsumerBench.with { bench in
      let old = try await bench.activeSerial()
      try await bench.bench.succeeds("certificate", "renew", "payroll")
      let server = try await bench.consumer()
      try bench.bench.folder.write(program.utf8, to: "change")
      try bench.configure(
        [("portal", server.address + "/client")], lines: ["certificate-file: NAME.pem", "after-change: [/bin/sh, change]"])
      try await body(bench, old)
    }
  }

  private func retire(_ old: String, _ bench: ConsumerBench) async throws -> JSON {
    try await bench.bench.object("certificate", "retire", "payroll", "--serial", old, "--confirm", old)
  }

  private func expectRefusal(_ old: String, _ bench: ConsumerBench, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let error = try await bench.bench.refusedAsJSON(2, "certificate", "retire", "payroll", "--serial", old, "--confirm", old)
    #expect(error.rule == "LIFECYCLE-PROVED-FIRST", sourceLocation: sourceLocation)
    #expect(error.message.hasSuffix("has not come to the clients of: portal"), "\(error.message)", sourceLocation: sourceLocation)
    #expect(try await bench.service.certificatesOnToken() == 2, sourceLocation: sourceLocation)
  }

  @Test("LIFECYCLE-PROVED-FIRST: a program that fails runs at each probe until it ends well (75), and the old key stays until then")
  func programFails() async throws {
    try await renewed(program: "test -e allowed && echo told >> told\n") { bench, old in
      let first = try await bench.probe(75)["consumers"][0]
      #expect(first["result"]["verdict"].string == "accepted")
      #expect(first["is-proof-kept"].bool == true)
      #expect(first["cut-over-file"].string?.hasSuffix("portal.pem") == true)
      #expect(first["after-change-succeeded"].bool == false)
      #expect(first["next-step"].string?.contains("its after-change program failed") == true)
      try await expectRefusal(old, bench)
      // The file is as it should be, and that is not all.
      let second = try await bench.probe(75)["consumers"][0]
      #expect(second["cut-over-file"].isNull)
      #expect(second["after-change-succeeded"].bool == false)
      try await expectRefusal(old, bench)

      try bench.bench.folder.write("".utf8, to: "allowed")
      #expect(try await bench.probe(0)["consumers"][0]["after-change-succeeded"].bool == true)
      #expect(try await bench.probe(0)["consumers"][0]["after-change-succeeded"].isNull)
      #expect(try bench.bench.text("told") == "told\n")
      let history = try await bench.bench.object("certificate", "history", "payroll")
      let told = history["entries"].list.filter { $0["detail"]["told"].string == "yes" }
      #expect(told.map { $0["event"].string } == ["proved"])
      #expect(told.first?["detail"]["serial"].string == (try await bench.activeSerial()))
      #expect(history["is-whole"].bool == true)
      #expect(try await retire(old, bench)["is-key-destroyed"].bool == true)
    }
  }

  @Test("LIFECYCLE-PROVED-FIRST: killed between the file and the end of the program, the next probe runs the program again")
  func killed() async throws {
    try await renewed(program: "echo ran >> told; test -e allowed || kill -KILL $PPID\n") { bench, old in
      let killed = try await bench.bench.hsmkey(["certificate", "probe", "payroll", "--json"])
      #expect(killed.exitCode != 0 && killed.standardOutput.isEmpty)
      #expect(try bench.bench.text("portal.pem") == bench.bench.text("payroll.pem"))
      try await expectRefusal(old, bench)
      try bench.bench.folder.write("".utf8, to: "allowed")
      let answer = try await bench.probe(0)["consumers"][0]
      #expect(answer["cut-over-file"].isNull)
      #expect(answer["after-change-succeeded"].bool == true)
      #expect(try bench.bench.text("told") == "ran\nran\n")
      _ = try await retire(old, bench)
    }
  }

  @Test("A file that somebody changed is written again, and the program hears of it again")
  func changedFile() async throws {
    try await renewed(program: "echo ran >> told\n") { bench, _ in
      _ = try await bench.probe(0)
      try bench.bench.folder.write("something else\n".utf8, to: "portal.pem")
      let answer = try await bench.probe(0)["consumers"][0]
      #expect(answer["cut-over-file"].string?.hasSuffix("portal.pem") == true)
      #expect(try bench.bench.text("told") == "ran\nran\n")
    }
  }

  @Test("One consumer whose file cannot be written keeps no other from being cut over, and the exit code is that of its error")
  func oneOfTwo() async throws {
    try await ConsumerBench.with { bench in
      let old = try await bench.activeSerial()
      try await bench.bench.succeeds("certificate", "renew", "payroll")
      let server = try await bench.consumer()
      let addresses = [("broken", server.address + "/client"), ("whole", server.address + "/client")]
      try FileManager.default.createDirectory(atPath: bench.bench.folder.path("whole"), withIntermediateDirectories: false)
      try bench.configure(addresses, lines: ["certificate-file: NAME/own.pem"])
      let answer = try await bench.probe(78)["consumers"]
      #expect(answer[0]["error"]["code"].string == "file-not-written")
      #expect(answer[0]["error"]["hint"].string?.hasSuffix("hsmkey certificate probe payroll") == true)
      #expect(answer[0]["is-proof-kept"].bool == true)
      #expect(answer[0]["cut-over-file"].isNull)
      #expect(answer[1]["error"].isNull)
      #expect(answer[1]["cut-over-file"].string?.hasSuffix("whole/own.pem") == true)
      #expect(try bench.bench.text("whole/own.pem") == bench.bench.text("payroll.pem"))
      let error = try await bench.bench.refusedAsJSON(2, "certificate", "retire", "payroll", "--serial", old, "--confirm", old)
      #expect(error.message.hasSuffix("clients of: broken"))
    }
  }
}
