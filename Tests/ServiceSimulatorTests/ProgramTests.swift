import Foundation
import TestSupport
import Testing

@testable import ServiceSimulator

@Suite("The program certificate-service-simulator")
struct ProgramTests {
  /// The program while it runs.
  private struct Running {
    let folder: TemporaryFolder
    let process: ChildProcess
    let port: String
    var output: String { text("out") }
    var errors: String { text("err") }

    private func text(_ name: String) -> String {
      String(decoding: (try? Data(contentsOf: URL(filePath: folder.path(name)))) ?? Data(), as: UTF8.self)
    }
  }

  /// What a test leaves as the port file of an earlier run.
  private static let stalePort = "1\n"
  private static let program = BuiltProduct.path("certificate-service-simulator")

  /// Starts the program and waits for its port file.
  private func start(_ arguments: [String] = [], in folder: TemporaryFolder? = nil) async throws -> Running {
    let folder = try folder ?? TemporaryFolder()
    let process = try ChildProcess(
      "/bin/sh",
      ["-c", "out=$1; err=$2; shift 2; exec \"$@\" >\"$out\" 2>\"$err\"", "sh", folder.path("out"), folder.path("err"), Self.program]
        + ["--folder", folder.path, "--port-file", folder.path("port")] + arguments)
    let port = try await eventually("the port file") {
      try process.exitCode.map { throw ChildProcessError("it ended with \($0)") }
      let text = try? String(contentsOfFile: folder.path("port"), encoding: .utf8)
      return text == Self.stalePort ? nil : text
    }
    return Running(folder: folder, process: process, port: port.trimmingCharacters(in: .newlines))
  }

  private func post(_ running: Running, _ payload: String, action: String) async throws -> String {
    try await run(
      "curl",
      [
        "-s", "--max-time", "300", "-H", "Content-Type: text/xml", "-H", "SOAPAction: \(action)", "--data-binary", "@-",
        "http://127.0.0.1:\(running.port)/2017/10/CertificateServices",
      ], input: Array(Messages.envelope(payload).utf8)
    ).standardOutput
  }

  @Test("It says where it listens and where the trust files are, serves, and ends cleanly", arguments: [SIGINT, SIGTERM])
  func life(signal: CInt) async throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Array("# orders\n\n0123456-7:2:file:Pass\n".utf8), to: "orders")
    let running = try await start(
      [
        "--not-ready-for", "0", "--transfer", "0123456-7:1:argumentPass", "--transfer-file", file, "--fault", "get:fail-without-error-info",
      ],
      in: folder)
    let names = ["services-root", "services-chain", "providers-root", "providers-chain"]
    #expect(
      running.output
        == "listening: http://127.0.0.1:\(running.port)/2017/10/CertificateServices\n"
        + (names + ["bench-sign-new-key", "bench-renew-key"]).map { "\($0): \(folder.path("\($0).pem"))\n" }.joined())
    for name in names { #expect(FileManager.default.fileExists(atPath: folder.path("\(name).pem"))) }

    let request = try Workbench.certificateRequest()
    for (id, password) in [("1", "argumentPass"), ("2", "file:Pass")] {
      let ordered = try await post(running, Messages.signNew(id: id, password: password, request: request), action: "signNewCertificate")
      #expect(Messages.content(of: "Status", in: ordered) == "OK")
    }
    let fetched = try await post(running, Messages.get(id: "1"), action: "getCertificate")
    #expect(Messages.content(of: "Status", in: fetched) == "FAIL" && !fetched.contains("ErrorInfo"))

    running.process.send(signal)
    #expect(try await running.process.wait() == 0)
    #expect(!FileManager.default.fileExists(atPath: folder.path("port")))
    #expect(running.errors.split(separator: "\n").count == 3)
    #expect(!running.errors.contains("Pass") && !running.output.contains("Pass"))
  }

  @Test("It lists the faults and the commands")
  func lists() async throws {
    let result = try await run(Self.program, ["--list-faults"])
    #expect(result.succeeded)
    #expect(result.standardOutput.split(separator: "\n").map { String($0.prefix { $0 != ":" }) } == ServiceFault.allCases.map(\.rawValue))
    let commands = try await run(Self.program, ["--list-commands"]).standardOutput.split(separator: "\n")
    #expect(commands.map { String($0.prefix { $0 != " " && $0 != ":" }) } == SimulatorCommand.forms.map(\.name))
  }

  @Test("A script tells it what to do while it runs, and reads in its log what came of every request")
  func controlAndLog() async throws {
    let folder = try TemporaryFolder()
    let control = try folder.write(Array("order 0123456-7:1:secretPass\nfault sign-new:close-after-commit x1\n".utf8), to: "control")
    let log = folder.path("log.jsonl")
    let running = try await start(
      ["--control", control, "--log", log, "--seed", "7", "--clock", "-30d", "--clock-stopped", "--not-ready-for", "60"], in: folder)
    func command(_ line: String) throws {
      let file = try #require(FileHandle(forWritingAtPath: control))
      try file.seekToEnd()
      try file.write(contentsOf: Data("\(line)\n".utf8))
      try file.close()
    }
    let request = try Workbench.certificateRequest()
    let lost = try await post(running, Messages.signNew(id: "1", password: "secretPass", request: request), action: "signNewCertificate")
    #expect(lost.isEmpty)
    let committed = try #require(LoggedRequest.read(log).first)
    #expect(committed.committed && committed.delivery == "none" && committed.faults == ["close-after-commit"])
    let id = try #require(committed.retrievalID)
    let early = try await post(running, Messages.get(id: id), action: "getCertificate")
    #expect(Messages.content(of: "ErrorCode", in: early) == "SIM101")
    try command("advance 1m\nfault nonsense\nrevoke latest key-compromise")
    let fetched = try await post(running, Messages.get(id: id), action: "getCertificate")
    #expect(Messages.content(of: "Status", in: fetched) == "OK")
    #expect(try LoggedRequest.read(log).map(\.result) == ["OK", "FAIL", "OK"])
    #expect(try #require(LoggedRequest.read(log).last?.at) < Date(timeIntervalSinceNow: -29 * 86_400))
    running.process.send(SIGTERM)
    #expect(try await running.process.wait() == 0)
    for line in [
      "control line 1 -> noted an order of 0123456-7", "control line 2 -> set sign-new:close-after-commit x1",
      "control line 4 -> refused: read a fault: nonsense is no fault [SIMULATOR-FAULT]; --list-faults shows them all",
      "control line 5 -> revoked \(try #require(committed.serial)), key-compromise",
    ] { #expect(running.errors.split(separator: "\n").contains { $0 == line }, "\(running.errors)") }
    let text = try String(contentsOfFile: log, encoding: .utf8)
    #expect(!(running.errors + running.output + text).contains("secretPass"))
  }

  @Test(
    "What it is told wrongly is an error of usage, and a password is never told again",
    arguments: [
      ["--transfer", "0123456-7:secretPass"], ["--transfer", "::secretPass"], ["--fault", "nothing"], ["--listen", "127.0.0.1"],
      ["--key-policy", "ec"], ["--environment", "dev"], ["--not-ready-for", "-1"], ["--not-ready-for", "nan"], ["--ca-style", "odd"],
      ["--certificate-lifetime", "0"], ["--listen", "0.0.0.0:0"], ["--transfer", "0123456-7:1:secretPasswordTooLong"],
      ["--clock", "tomorrow"], ["--outages", "2"], ["--bench", "0123456-7:secretPass"], ["--bench-name", ""], ["--late-for", "-1"],
      ["--fault", "get:html-502 3"], ["--clock", "+300000d"],
    ])
  func usage(arguments: [String]) async throws {
    let folder = try TemporaryFolder()
    let result = try await run(Self.program, ["--folder", folder.path] + arguments)
    #expect(!result.succeeded && !result.standardError.isEmpty)
    #expect(!(result.standardError + result.standardOutput).contains("secretPass"))
  }

  @Test("Without a folder it does not start")
  func folderIsNeeded() async throws {
    #expect(try await run(Self.program, []).exitCode == 64)
  }

  @Test("A transfer file that others can read, or a line of it that is no credential, is refused")
  func transferFile() async throws {
    let folder = try TemporaryFolder()
    let open = try folder.write(Array("c:1:secretPass\n".utf8), to: "open")
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: open)
    let broken = try folder.write(Array("c:1:ok\nc:secretPass\n".utf8), to: "broken")
    let linked = folder.path("link")
    try FileManager.default.createSymbolicLink(atPath: linked, withDestinationPath: broken)
    for (path, told) in [(open, "only you can read"), (broken, "line 2"), (linked, "only you can read")] {
      let result = try await run(Self.program, ["--folder", folder.path, "--transfer-file", path])
      #expect(!result.succeeded && result.standardError.contains(told) && !result.standardError.contains("secretPass"))
    }
  }

  @Test("A port file that is something else is left alone; one of an earlier run is replaced")
  func portFile() async throws {
    let folder = try TemporaryFolder()
    let foreign = try folder.write(Array("precious".utf8), to: "port")
    let refused = try await run(Self.program, ["--folder", folder.path, "--port-file", foreign])
    #expect(!refused.succeeded)
    #expect(try String(contentsOfFile: foreign, encoding: .utf8) == "precious")
    try folder.write(Array(Self.stalePort.utf8), to: "port")
    let running = try await start(in: folder)
    #expect(running.output.contains(":\(running.port)/"))
    running.process.send(SIGTERM)
    #expect(try await running.process.wait() == 0)
  }
}
