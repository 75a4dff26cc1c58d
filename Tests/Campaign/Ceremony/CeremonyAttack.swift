import Foundation
public import TestSupport

/// One performance that is cut off at one system call, and gone on with until it is complete.
public struct CeremonyAttack: Sendable, CustomStringConvertible {
  /// The system call: `transcript:17`.
  public let place: String
  /// `kill`, `kill-after` or `tear`.
  public let action: String

  public init(place: String, action: String) {
    self.place = place
    self.action = action
  }

  public var description: String { "\(place) \(action)" }
}

/// What came of an attack.
public struct CeremonyVerdict: Sendable {
  public let attack: CeremonyAttack
  /// Whether the process was killed.
  public let hasStruck: Bool
  /// How often the tool was run until the ceremony was complete.
  public let runs: Int
  /// Promises that were broken; empty when all were kept.
  public let findings: [String]
}

extension CeremonyGround {
  /// What a performance touches, with a name for each.
  private func interrupter(_ place: CeremonyPlace) throws -> Interrupter {
    // The first that fits counts.
    try Interrupter(classes: [
      ("transcript", place.path("performance/transcript.jsonl")), ("output", place.path("performance")), ("token", place.path("tokens")),
      ("approval", place.path("rehearsal")), ("state", place.path("state")), ("pin", place.path("pins")), ("card", place.path("card-")),
    ])
  }

  /// The places where a performance can be cut off. The copy of the root key's token is made when the tool asks for it.
  public func places() async throws -> [FaultPoint] {
    let place = try await place()
    let interrupter = try interrupter(place)
    var points: [FaultPoint] = []
    for attempt in 1...2 {
      let log = place.path("calls-\(attempt).log")
      let result = try await run(
        interrupter.path, interrupter.arguments(for: CeremonyPlace.program, place.performance, log: log), environment: place.environment,
        in: place.folder.path)
      if points.isEmpty { points = try Interrupter.points(inLog: log) }
      if result.exitCode == 0 { return points }
      guard attempt == 1, try await place.helps(after: result) else {
        throw CampaignError("the dry run of \(example) failed: \(result.standardError)")
      }
    }
    throw CampaignError("the dry run of \(example) did not end")
  }

  /// Cuts a performance off, goes on until it is complete, and looks at everything that is there then.
  public func carryOut(_ attack: CeremonyAttack) async throws -> CeremonyVerdict {
    let place = try await place()
    defer { try? FileManager.default.removeItem(at: place.folder) }
    let interrupter = try interrupter(place)
    let log = place.path("calls.log")
    let issuedBefore = try await place.service?.issuedCount() ?? 0
    var result = try await run(
      interrupter.path,
      interrupter.arguments(for: CeremonyPlace.program, place.performance, at: attack.place, action: attack.action, log: log),
      environment: place.environment, in: place.folder.path)
    let hasStruck = try Interrupter.hasHappened(inLog: log)
    // Cut off before its first line was whole, nothing had begun; after its seal, nothing is left to do. Neither is told of.
    let written = (try? String(contentsOfFile: place.path("performance/transcript.jsonl"), encoding: .utf8)) ?? ""
    let isSealed = written.hasSuffix("\n") && written.contains("\"kind\":\"sealed\"")
    let hadBegun = written.contains("\n") && !isSealed
    var findings: [String] = []
    var runs = 1
    while result.exitCode != 0, runs < 6 {
      // What was cut off needs no help; what the tool asks for, people do.
      if runs > 1 || !hasStruck, try await !place.helps(after: result) {
        findings.append("run \(runs) ended with \(result.exitCode): \(result.standardError)")
        break
      }
      result = try await place.tool(place.performance)
      runs += 1
    }
    if result.exitCode == 0 {
      findings += try await place.findings(issuedBefore: issuedBefore, wasInterrupted: hadBegun && runs > 1)
    } else if findings.isEmpty {
      findings.append("it did not end after \(runs) runs: \(result.exitCode) \(result.standardError)")
    }
    return CeremonyVerdict(attack: attack, hasStruck: hasStruck, runs: runs, findings: findings)
  }
}

extension CeremonyPlace {
  /// Does what people do when the tool stops and asks for it.
  ///
  /// - Returns: whether there was something to do.
  func helps(after result: ProgramResult) async throws -> Bool {
    // SoftHSM writes a new token in several files: cut off between them it is neither blank nor whole, and the tool says what to do.
    if let serial = result.standardError.firstMatch(of: /softhsm2-util --delete-token --serial ([0-9a-f]+)/)?.1 {
      let deleted = try await run("softhsm2-util", ["--delete-token", "--serial", String(serial)], environment: environment)
      return deleted.exitCode == 0
    }
    // The same, where nothing of it can be read any more: SoftHSM says so of the whole list of tokens. People try again.
    if result.standardError.contains("CKR_GENERAL_ERROR (0x5) from C_GetTokenInfo") { return true }
    if result.standardError.contains("[LIFECYCLE-NOT-REPEATED]") {
      try await endUncertainty()
      return true
    }
    guard example == .rootKey, result.standardError.contains("CEREMONY-TOKEN-SERIAL"), result.standardError.contains(Self.copySerial) else {
      return false
    }
    try await replicate(cards: ["first", "second"].map { try String(contentsOfFile: path("card-\($0)"), encoding: .utf8) })
    return true
  }

  /// Takes a way out of an uncertain outcome that the tool names, outside of the ceremony: the ceremony finds the certificate then.
  private func endUncertainty() async throws {
    try write("", to: "was-uncertain")
    let settings = [
      "--config", "hsmkey.yaml", "--module", Self.modulePath, "--token", "payroll", "--pin-source", "file:\(path("user-pin"))",
    ]
    if example == .renewal {
      try await succeeds(["certificate", "renew", "payroll", "--repeat-uncertain-renewal"] + settings)
    } else if let service {
      try await succeeds(
        [
          "certificate", "enrol", "payroll", "--transfer-id", try await service.newOrder(), "--transfer-password-source",
          "file:transfer-password",
        ] + settings)
    }
  }
}
