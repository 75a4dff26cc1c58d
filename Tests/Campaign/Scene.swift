import Foundation
import ServiceSimulator
import Synchronization
import TestSupport

/// How one run of the tool ended.
struct ToolRun: Sendable {
  let arguments: [String]
  let blow: Blow?
  let exitCode: Int
  let standardOutput: String
  let standardError: String

  /// The commands that its error line or hints name, without `hsmkey`.
  var namedCommands: [[String]] { ToolRun.commands(in: standardError) }

  /// The rule that the error line ends with.
  var rule: String? { standardError.firstMatch(of: /hsmkey: error: .*\[([A-Z0-9-]+)\](?:\n|$)/).map { String($0.1) } }

  static func commands(in text: String) -> [[String]] {
    text.matches(of: /hsmkey (certificate (?:enrol|renew|fetch|status|abandon) [a-z]+(?: --[a-z-]+(?: [A-Za-z0-9-]+)?)*)/).map {
      $0.1.split(separator: " ").map(String.init)
    }
  }
}

/// A token, a state and a configuration of one campaign run, and the tool to run there.
final class Scene: Sendable {
  let folder: URL
  let ground: Ground
  let operation: Operation
  let transferID: String
  /// Whether the last blow met anything.
  private let struck = Mutex(false)
  var hasStruck: Bool { struck.withLock(\.self) }
  /// The tool: the one beside the tests, or what `HSMKEY_CAMPAIGN_PROGRAM` names.
  private static let program = ProcessInfo.processInfo.environment["HSMKEY_CAMPAIGN_PROGRAM"] ?? BuiltProduct.path("hsmkey")

  init(at folder: URL, of ground: Ground, operation: Operation, transferID: String) async throws {
    self.folder = folder
    self.ground = ground
    self.operation = operation
    self.transferID = transferID
    try write("directories.tokendir = \(path("tokens"))\nobjectstore.backend = file\nlog.level = ERROR\n", to: "softhsm2.conf")
    try configure()
  }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path(name))
  }

  /// Writes the configuration.
  ///
  /// - Parameter line: a TLS server's port and CA, instead of the plain service.
  private func configure(line: (port: Int, authority: String)? = nil, timeout: String = "60s") throws {
    let host = line.map { "https://localhost:\($0.port)" } ?? "http://127.0.0.1:\(ground.network.port)"
    let trust = ground.folder.path("trust")
    try write(
      """
      token:
        uri: "pkcs11:token=\(Ground.name)"
      state: state/state.sqlite
      service:
        environment: test
        endpoint: \(host)/2017/10/CertificateServices
        \(line.map { "tls-ca: \($0.authority)" } ?? "plain-http-to-loopback: true")
        response-ca: [\(trust)/services-root.pem, \(trust)/services-chain.pem]
        issuer-ca: [\(trust)/providers-root.pem, \(trust)/providers-chain.pem]
        first-wait: 0s
        poll-interval: 1s
        give-up-after: 0s
        timeout: \(timeout)
      certificates:
        \(Ground.name):
          customer-id: \(Ground.customerID)
          certificate-file: \(Ground.name).pem
          after-change: ["/usr/bin/touch", "hook"]

      """, to: "hsmkey.yaml")
  }

  /// The command that the operation begins with.
  var command: [String] {
    operation == .enrol ? Self.enrolment(transferID) : ["certificate", "renew", Ground.name]
  }

  static func enrolment(_ transferID: String) -> [String] {
    ["certificate", "enrol", Ground.name, "--transfer-id", transferID, "--transfer-password-source", "file:transfer-password"]
  }

  // MARK: Running

  private var environment: [String: String] {
    [
      "SOFTHSM2_CONF": path("softhsm2.conf"), "HSMKEY_MODULE": Ground.modulePath, "HSMKEY_PIN_SOURCE": "file:\(path("pin"))",
      "HSMKEY_PIN_MEMORY": path("pins"), "HSMKEY_MODULE_OWNER": "\(geteuid())", "HSMKEY_MODULE_SHA256": "", "HSMKEY_CONFIG": "",
      "HSMKEY_TOKEN": "", "HSMKEY_LOG": "", "COLUMNS": "",
      "SWIFT_BACKTRACE": "enable=yes,interactive=no,color=no,registers=none",
    ]
  }

  /// The classes of what the tool touches.
  var interrupter: Interrupter {
    get throws {
      try Interrupter(classes: [
        ("state", path("state")), ("token", path("tokens")), ("pin", path("pins")), ("file", path("\(Ground.name).pem")),
      ])
    }
  }

  private func start(
    _ program: String, _ arguments: [String], _ command: [String], _ blow: Blow?, _ changes: [String: String] = [:]
  ) async throws -> ToolRun {
    let result = try await run(program, arguments, environment: environment.merging(changes) { $1 }, in: folder.path)
    return ToolRun(
      arguments: command, blow: blow, exitCode: result.exitCode, standardOutput: result.standardOutput,
      standardError: result.standardError)
  }

  /// Runs the tool, while nothing goes wrong.
  func tool(_ command: [String]) async throws -> ToolRun { try await start(Self.program, command, command, nil) }

  /// Runs the tool while something goes wrong. Two runs, when it is that there are two.
  func tool(_ command: [String], under blow: Blow) async throws -> [ToolRun] {
    let exchanges = try await ground.network.settled().count
    let runs = try await strike(command, blow)
    let hasStruck =
      switch blow {
      case .call, .readOnlyState: try Interrupter.hasHappened(inLog: path("calls.log"))
      case .cryptoki: runs.contains { $0.exitCode == 137 }
      case .network: try await ground.network.settled()[exchanges...].contains(where: \.wasStruck)
      default: true
      }
    if case .line = blow {} else { struck.withLock { $0 = hasStruck } }
    return runs
  }

  private func strike(_ command: [String], _ blow: Blow) async throws -> [ToolRun] {
    switch blow {
    case .call(let place, let action):
      let interrupter = try interrupter
      let arguments = interrupter.arguments(for: Self.program, command, at: place, action: action, log: path("calls.log"))
      return [try await start(interrupter.path, arguments, command, blow)]
    case .cryptoki(let number, let after):
      return [try await onModule(after ? .kill(on: "*", .on(number), .after) : .kill(on: "*", .on(number)), command, blow)]
    case .tokenGone(let function):
      return [try await onModule(.fail(function, "CKR_DEVICE_REMOVED", .from(1)), command, blow)]
    case .network(let faults):
      if faults.contains(.silence) { try configure(timeout: "1s") }
      ground.network.set(faults)
      let run = try await start(Self.program, command, command, blow)
      ground.network.set([])
      try configure()
      return [run]
    case .line(let number, let cut):
      let encrypted = try await ground.withTLS()
      try configure(line: (encrypted.line.port, encrypted.nginx.authority.certificatePath))
      encrypted.line.set(Array(repeating: nil, count: number - 1) + [cut])
      let count = encrypted.line.count
      let run = try await start(Self.program, command, command, blow)
      encrypted.line.set([])
      struck.withLock { $0 = encrypted.line.count > count }
      try configure()
      return [run]
    case .service(let fault, let operation):
      if fault == .hangBeforeCommit || fault == .hangAfterCommit { try configure(timeout: "1s") }
      try ground.simulator.set(fault, for: operation)
      let run = try await start(Self.program, command, command, blow)
      ground.simulator.clearFaults()
      try configure()
      return [run]
    case .clock(let seconds):
      return [try await start(Self.program, command, command, blow, ShiftedClock.environment(by: seconds))]
    case .wrongPIN:
      return [try await start(Self.program, command, command, blow, ["HSMKEY_PIN_SOURCE": "file:\(path("wrong-pin"))"])]
    case .twice:
      async let first = start(Self.program, command, command, blow)
      async let second = start(Self.program, command, command, blow)
      return [try await first, try await second]
    case .readOnlyState:
      // Root writes everywhere, so the system itself must refuse.
      let interrupter = try interrupter
      let arguments = interrupter.arguments(for: Self.program, command, at: "state:1", action: "EROFS+", log: path("calls.log"))
      return [try await start(interrupter.path, arguments, command, blow)]
    }
  }

  private func onModule(_ line: FaultLine, _ command: [String], _ blow: Blow) async throws -> ToolRun {
    let module = try FaultModule(.softHSMInChild, line)
    let run = try await start(Self.program, command, command, blow, ["HSMKEY_MODULE": module.path])
    withExtendedLifetime(module) {}
    return run
  }

  /// The calls that a run makes in which nothing goes wrong.
  func points() async throws -> [FaultPoint] {
    let interrupter = try interrupter
    let log = path("calls.log")
    let dryRun = try await start(
      interrupter.path, interrupter.arguments(for: Self.program, command, log: log), command, nil)
    guard dryRun.exitCode == 0 else { throw CampaignError("the dry run failed: \(dryRun.standardError)") }
    return try Interrupter.points(inLog: log)
  }

  /// How many calls of the PKCS #11 module a run makes in which nothing goes wrong.
  func cryptokiCalls() async throws -> Int {
    let module = try FaultModule(.softHSMInChild, [])
    let dryRun = try await start(Self.program, command, command, nil, ["HSMKEY_MODULE": module.path])
    guard dryRun.exitCode == 0 else { throw CampaignError("the dry run failed: \(dryRun.standardError)") }
    return module.calls.count
  }

  /// Logs in as a person who enters the PIN at the prompt, and says yes to what is asked then.
  func logInAsPerson() async throws {
    let terminal = try PseudoTerminal()
    let arguments = ["token", "check-pin", "--pin-source", "prompt", "--config", path("hsmkey.yaml")]
    let child = try terminal.start(Self.program, arguments, environment: environment)
    try await terminal.waits(for: " PIN for token \(Ground.name): ")
    terminal.type("\(Ground.pin)\n")
    try await terminal.waits(for: "Type yes to go on: ")
    terminal.type("yes\n")
    guard try await child.wait() == 0 else { throw CampaignError("token check-pin: \(terminal.shown)") }
  }

  func mustSucceed(_ command: [String]) async throws {
    let run = try await tool(command)
    guard run.exitCode == 0 else { throw CampaignError("\(command): \(run.standardError)") }
  }

  /// Runs another program here.
  func program(_ program: String, _ arguments: [String]) async throws -> ProgramResult {
    try await run(program, arguments, environment: environment, in: folder.path)
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }
}

/// Why a campaign cannot take place. What it finds is no error of its own.
public struct CampaignError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
