import CertificateLifecycle
import Foundation
import ServiceSimulator
import TestSupport

/// How a campaign run ended for the operator.
public enum Ending: String, Sendable, CaseIterable {
  case atOnce = "done in the run that was attacked"
  case wentOn = "done by the next runs"
  case byRetrievalID = "uncertain; done with the retrieval id"
  case byNewCredentials = "uncertain; done with new credentials"
  case byRepeating = "uncertain; done by repeating the renewal"
  case stuck = "not done"
}

/// What came of one campaign run.
public struct Verdict: Sendable {
  public let attack: Attack
  public let ending: Ending
  /// Promises that were broken; none, when all is well.
  public let findings: [String]
  /// Whether what was to go wrong went wrong: a point may not be reached.
  public let hasHappened: Bool
  /// Halves of keys without a name that are on the token at the end: nothing can be done about them, so they are counted.
  public let namelessHalves: Int
  /// How often the tool ran.
  public let runs: Int
  /// How the runs ended in which something went wrong.
  public let exitCodes: [Int]
  /// The rule that the first run cited, if any.
  public let rule: String?
  /// Where the certificate stood after the first run: a state of the lifecycle.
  public let stateAfter: String
  /// How each run of the tool ended, for a report on a failure.
  public let story: String
}

/// One campaign run: strikes, then goes on as an operator would who believes what the tool says, and looks at everything from outside.
struct CampaignRun {
  let scene: Scene
  let attack: Attack
  private let before: Snapshot
  private let firstExchange: Int
  private let firstLogged: Int
  private var runs: [ToolRun] = []
  private var snapshots: [Snapshot] = []
  private var findings: [String] = []
  private var ending: Ending?
  private var repeatsAllowed = 0
  private var hasHappened = false

  /// Carries out an attack on a fresh copy.
  static func perform(_ attack: Attack, on ground: Ground) async throws -> Verdict {
    let scene = try await ground.scene(attack.operation)
    defer { scene.remove() }
    var run = try await CampaignRun(scene: scene, attack: attack)
    return try await run.perform()
  }

  private init(scene: Scene, attack: Attack) async throws {
    self.scene = scene
    self.attack = attack
    before = try await Snapshot(scene)
    firstExchange = try await scene.ground.network.settled().count
    firstLogged = scene.ground.simulator.log().count
  }

  private mutating func perform() async throws -> Verdict {
    var command = scene.command
    var isDone = false
    for blow in attack.blows where !isDone {
      let results = try await scene.tool(command, under: blow)
      for result in results { checkExit(result) }
      runs += results
      hasHappened = hasHappened || scene.hasStruck
      isDone = try await look(wasAttacked: true)
      if isDone { ending = .atOnce } else { command = try await nextCommand(after: results) }
    }
    // An operator who needs more steps than these has been led in a circle.
    for _ in 0..<8 where !isDone {
      let result = try await scene.tool(command)
      checkExit(result)
      runs.append(result)
      isDone = try await look(wasAttacked: false)
      if isDone { ending = ending ?? .wentOn } else { command = try await nextCommand(after: [result]) }
    }
    if !isDone {
      ending = .stuck
      findings.append("stuck: the operation did not end although the operator did what the tool said")
    }
    let end = Inspection(
      scene: scene, before: before, snapshots: snapshots, witness: try await witness(), repeatsAllowed: repeatsAllowed, attack: attack)
    findings += try await end.findings(isDone: isDone)
    let story =
      zip(runs.indices, runs).map { index, run in
        "  run \(index + 1)\(run.blow.map { " under \($0)" } ?? ""): hsmkey \(run.arguments.joined(separator: " ")) -> \(run.exitCode)\n"
          + run.standardError.split(separator: "\n").suffix(6).map { "    \($0)\n" }.joined()
      }.joined() + snapshots.map { "  then: \($0.summary)\n" }.joined()
    return Verdict(
      attack: attack, ending: ending ?? .stuck, findings: Array(Set(findings)).sorted(), hasHappened: hasHappened,
      namelessHalves: snapshots.last?.token.namelessHalves ?? 0, runs: runs.count,
      exitCodes: runs.filter { $0.blow != nil }.map(\.exitCode),
      rule: runs.first?.rule, stateAfter: snapshots.first?.record?.state(at: Date()).rawValue ?? "none", story: story)
  }

  private func witness() async throws -> ServiceWitness {
    let exchanges = try await scene.ground.network.settled()
    return ServiceWitness(exchanges[firstExchange...], scene.ground.simulator.log()[firstLogged...])
  }

  /// Looks at everything after a run.
  ///
  /// - Returns: whether the operation has ended.
  private mutating func look(wasAttacked: Bool) async throws -> Bool {
    let witness = try await witness()
    let snapshot = try await Snapshot(scene)
    findings += Inspection.momentary(snapshot, before: before, earlier: snapshots, wasAttacked: wasAttacked, witness: witness)
    snapshots.append(snapshot)
    return snapshot.isDone(attack.operation, since: before)
  }

  /// 1 is a fault of ours, and 128 and more is a crash, unless it is the SIGKILL that was asked for.
  private mutating func checkExit(_ run: ToolRun) {
    let isKill =
      switch run.blow {
      case .call(_, let action): ["kill", "kill-after", "tear"].contains(action)
      case .cryptoki: true
      default: false
      }
    let documented: Set = [0, 2, 3, 4, 5, 6, 7, 64, 65, 69, 74, 75, 78]
    guard documented.contains(run.exitCode) || (isKill && run.exitCode == 137) else {
      findings.append("exit: code \(run.exitCode) is not one that may come here: \(run.standardError.suffix(300))")
      return
    }
  }

  // MARK: The operator

  private mutating func nextCommand(after results: [ToolRun]) async throws -> [String] {
    // Of two at once, the one that was not refused for the other's sake speaks.
    guard let result = results.first(where: { !$0.standardError.contains("LIFECYCLE-ONE-WRITER") }) ?? results.last else {
      return scene.command
    }
    if result.exitCode >= 128 || result.exitCode == 0 {
      if result.exitCode == 0 { return try await nextStep() }
      switch attack.habit {
      case .sameCommand: return scene.command
      case .timer: return scene.operation == .enrol ? scene.command : ["certificate", "renew", "--due"]
      case .nextStep: return try await nextStep()
      }
    }
    // The PIN was tried without a known end too often for a program: a person logs in, as the hint says.
    if result.exitCode == 4, result.standardError.contains("hsmkey token check-pin"),
      ["PIN-OWN-COUNT", "PIN-COUNT-LOW"].contains(result.rule)
    {
      try await scene.logInAsPerson()
      return scene.command
    }
    let isUncertain = snapshots.last?.record?.pending?.isUncertain == true && [6, 7].contains(result.exitCode)
    // The service did not take the transfer credentials, or says so.
    let areSpent = result.exitCode == 5 && result.standardError.contains("order the certificate again")
    if isUncertain || areSpent { return try await wayOut(isUncertain ? result : nil) }
    // What was mended outside (a PIN, a clock, a disk) needs no word of the tool.
    // Asking has led nowhere several times: the agency is asked.
    let isCircle =
      runs.suffix(3).count == 3 && runs.suffix(3).allSatisfy { $0.arguments.contains("fetch") && $0.exitCode == result.exitCode }
    if isCircle, result.standardError.contains("--retrieval-id ID"), let id = try await witness().granted.last {
      ending = .byRetrievalID
      return ["certificate", "fetch", Ground.name, "--retrieval-id", id]
    }
    let commands = result.namedCommands.filter { !$0.contains("NEW-ID") && !$0.contains("ID") && $0[1] != "status" && $0[1] != "abandon" }
    guard let command = commands.first else { return scene.command }
    return complete(command)
  }

  /// A command as the tool names it, with what only the operator has.
  private func complete(_ command: [String]) -> [String] {
    guard command[1] == "enrol" else { return command }
    return scene.operation == .enrol ? scene.command : command
  }

  /// What `certificate status` names as the next step.
  private mutating func nextStep() async throws -> [String] {
    let status = try await scene.tool(["certificate", "status", Ground.name])
    if status.exitCode != 0 { findings.append("status: it ended with \(status.exitCode): \(status.standardError)") }
    guard let command = ToolRun.commands(in: status.standardOutput).first else { return scene.command }
    return complete(command)
  }

  /// What the tool offers when nobody knows the outcome. It must name every way.
  private mutating func wayOut(_ result: ToolRun?) async throws -> [String] {
    if let result {
      let other = attack.operation == .enrol ? "--transfer-id NEW-ID" : "--repeat-uncertain-renewal"
      for way in ["--retrieval-id ID", other] where !result.standardError.contains(way) {
        findings.append("hint: no word of \(way): \(result.standardError)")
      }
    }
    let granted = try await witness().granted
    if attack.wayOut == .retrievalID, let id = granted.last {
      ending = .byRetrievalID
      return ["certificate", "fetch", Ground.name, "--retrieval-id", id]
    }
    if attack.operation == .enrol {
      ending = .byNewCredentials
      return Scene.enrolment(try await scene.ground.order())
    }
    ending = .byRepeating
    repeatsAllowed += 1
    return scene.command + ["--repeat-uncertain-renewal"]
  }
}
