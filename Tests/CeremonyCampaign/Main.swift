import ArgumentParser
import Campaign
import Foundation
import Synchronization
import TestSupport

/// The long form of the ceremony campaign; `scripts/ceremony-campaign` builds and runs it.
@main
struct CeremonyCampaign: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ceremony-campaign",
    abstract: "Kills the performance of every example wherever it can be killed, and sees whether it comes to the same end.",
    discussion: """
      At each line of the transcript: before it is written, when half of it is, and after. At every so many of the other system calls that
      change something: the tokens, the outputs, the state of the certificates, the approval. Ends with 0 when no promise was broken.

      Example: ceremony-campaign --example root-key --every 5
      """)

  @Option(help: ArgumentHelp("Only this example; may be repeated.", valueName: "name")) var example: [String] = []
  @Option(help: "Of the calls beside the transcript, take each so many.") var every = 7
  @Option(help: ArgumentHelp("One attack, as a failed run names it: 'transcript:17 tear'.", valueName: "attack")) var only: String?

  func run() async throws {
    let examples =
      try example.isEmpty
      ? CeremonyExample.allCases
      : example.map { name in
        guard let known = CeremonyExample(rawValue: name) else { throw ValidationError("--example: no example is called \(name)") }
        return known
      }
    let (every, only) = (every, only)
    let started = ContinuousClock.now
    let tally = Tally()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for example in examples {
        group.addTask { try await Self.attack(example, every: every, only: only, tally) }
      }
      try await group.waitForAll()
    }
    let all = tally.all
    Self.tell("| example | attacks | struck | broken promises |\n|---|---|---|---|")
    for example in examples {
      let entry = all[example] ?? (0, 0, 0)
      Self.tell("| \(example) | \(entry.runs) | \(entry.struck) | \(entry.broken) |")
    }
    Self.tell("in \((ContinuousClock.now - started).formatted(.units(allowed: [.minutes, .seconds])))")
    if all.values.contains(where: { $0.broken > 0 }) { throw ExitCode.failure }
  }

  /// What came of the attacks, by example.
  private final class Tally: Sendable {
    private let entries = Mutex<[CeremonyExample: (runs: Int, struck: Int, broken: Int)]>([:])
    var all: [CeremonyExample: (runs: Int, struck: Int, broken: Int)] { entries.withLock { $0 } }

    func add(_ verdict: CeremonyVerdict, of example: CeremonyExample) {
      entries.withLock { entries in
        var entry = entries[example] ?? (0, 0, 0)
        entry.runs += 1
        entry.struck += verdict.hasStruck ? 1 : 0
        entry.broken += verdict.findings.isEmpty ? 0 : 1
        entries[example] = entry
      }
    }
  }

  private static func attack(_ example: CeremonyExample, every: Int, only: String?, _ tally: Tally) async throws {
    try await CeremonyGround.with(example) { ground in
      for attack in try await attacks(ground, every: every, only: only) {
        let verdict = try await ground.carryOut(attack)
        tally.add(verdict, of: example)
        for finding in verdict.findings { tell("\(example): \(attack): \(finding)") }
      }
    }
  }

  private static func attacks(_ ground: CeremonyGround, every: Int, only: String?) async throws -> [CeremonyAttack] {
    if let only {
      let parts = only.split(separator: " ").map(String.init)
      guard parts.count == 2 else { throw ValidationError("--only: that is no attack: \(only)") }
      return [CeremonyAttack(place: parts[0], action: parts[1])]
    }
    let points = try await ground.places().filter { $0.place != "other" && $0.place != "net" }
    let lines = points.filter { $0.place == "transcript" }.flatMap { point in
      ["kill", "kill-after"].map { CeremonyAttack(place: point.description, action: $0) }
        + (point.bytes > 1 ? [CeremonyAttack(place: point.description, action: "tear")] : [])
    }
    let others = points.filter { $0.place != "transcript" }.enumerated().filter { $0.offset % max(every, 1) == 0 }.flatMap { _, point in
      ["kill", "kill-after"].map { CeremonyAttack(place: point.description, action: $0) }
    }
    tell("\(ground.example): \(lines.count) attacks on lines of the transcript, \(others.count) on other calls")
    return lines + others
  }

  private static func tell(_ line: String) { print(line) }
}
