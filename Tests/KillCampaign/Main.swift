import ArgumentParser
import Campaign
import Foundation

/// The long form of the campaign; `scripts/kill-campaign` builds and runs it.
@main
struct KillCampaign: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kill-campaign",
    abstract: "Kills enrol and renew wherever they can be killed, cuts their network, fills their disk, and sees whether they go on.",
    discussion: """
      Ends with 0 when no promise was broken. A run that breaks one is told with the command that repeats it.

      Example: kill-campaign --runs 1000 --seed 7
      """)

  @Option(help: "How many runs.") var runs = 500
  @Option(help: "Which runs: the same seed chooses the same.") var seed: UInt64?
  @Option(help: "How many go on side by side.") var workers = 2
  @Option(help: ArgumentHelp("Only kinds of attack whose name holds this; may be repeated.", valueName: "text")) var kind: [String] = []
  @Flag(help: "Every attack once.") var all = false
  @Option(help: ArgumentHelp("One attack, as a failed run names it.", valueName: "attack")) var only: [String] = []
  @Flag(help: "Only list the attacks.") var list = false
  @Flag(help: "Instead: every fault of the service at every step, and what comes of it.") var faults = false

  func run() async throws {
    if faults { return try await tellFaults() }
    let seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    let single = try only.map { text in
      guard let attack = Attack(parsing: text) else { throw ValidationError("--only: that is no attack: \(text)") }
      return attack
    }
    let count = all ? nil : runs
    let (kinds, isList) = (kind, list)
    let started = ContinuousClock.now
    let report = try await Campaign.run(grounds: single.isEmpty ? workers : 1) { deck in
      for line in deck.summary { Self.tell(line) }
      let attacks = single.isEmpty ? deck.deal(count, seed: seed, kinds: kinds) : single
      if isList { for attack in attacks { Self.tell(attack.description) } }
      return isList ? [] : attacks
    } progress: { verdict, number, total in
      if !verdict.findings.isEmpty {
        Self.tell("\(number)/\(total) \(verdict.attack)\n  \(verdict.findings.joined(separator: "\n  "))")
      } else if number % 50 == 0 {
        Self.tell("\(number)/\(total)")
      }
    }
    if isList { return }
    for line in report.explanations { Self.tell(line) }
    if !single.isEmpty { for verdict in report.verdicts { Self.tell("\(verdict.attack): \(verdict.ending.rawValue)\n\(verdict.story)") } }
    Self.tell(report.table)
    let tools = report.verdicts.reduce(0) { $0 + $1.runs }
    let passed = (ContinuousClock.now - started).formatted(.units(allowed: [.minutes, .seconds]))
    Self.tell(
      "seed \(seed): \(report.verdicts.count) runs, \(tools) runs of the tool, \(report.failures.count) with a broken promise, in \(passed)"
    )
    if !report.failures.isEmpty || !report.broken.isEmpty { throw ExitCode.failure }
  }

  private func tellFaults() async throws {
    let (outcomes, report) = try await ServiceFaultTable.observe(grounds: workers)
    for line in report.explanations { Self.tell(line) }
    for place in ServiceFaultTable.places { Self.tell("\(place): \(outcomes[place].map(\.description) ?? "not carried out")") }
    if !report.explanations.isEmpty { throw ExitCode.failure }
  }

  private static func tell(_ line: String) { try? FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8)) }
}
