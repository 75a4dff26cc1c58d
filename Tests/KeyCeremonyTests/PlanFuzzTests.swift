import Foundation
import KeyCeremony
import TestSupport
import Testing

/// What has gone wrong in plans, site files and answers before goes wrong here by chance: `scripts/fuzz-ceremony` does it for longer.
@Suite("Plans, site files and answers that were changed at random")
struct PlanFuzzTests {
  private static let seconds = ProcessInfo.processInfo.environment["HSMKEY_FUZZ_SECONDS"].flatMap(Double.init)
  private static let seed = ProcessInfo.processInfo.environment["HSMKEY_FUZZ_SEED"].flatMap(UInt64.init) ?? 1

  @Test("each is read as what it says, or refused with a rule of its kind: nothing breaks", arguments: ExamplePlan.names)
  func mutations(name: String) throws {
    var random = Random(state: Self.seed &+ UInt64(name.utf8.count))
    let plan = try ExamplePlan.plan(name)
    let seeds = [plan.bytes, try ExamplePlan.bytes("\(name).site.yaml"), Array(PreparedAnswers.template(for: plan).utf8)]
    let lines = seeds.flatMap { $0.split(separator: 0x0A).map(Array.init) }
    let end = Self.seconds.map { Date(timeIntervalSinceNow: $0 / Double(ExamplePlan.names.count)) }
    var count = 0
    while end.map({ $0 > Date() }) ?? (count < 150) {
      count += 1
      let kind = Int(random.next() % 3)
      var bytes = seeds[kind]
      for _ in 0...Int(random.next() % 4) { Self.change(&bytes, lines, &random) }
      if let finding = Self.finding(bytes, kind, plan) {
        Issue.record("\(finding); seed \(Self.seed), input \(Data(bytes).base64EncodedString())")
        return
      }
    }
  }

  /// - Returns: what is wrong; nil when everything holds.
  private static func finding(_ bytes: [UInt8], _ kind: Int, _ plan: CeremonyPlan) -> String? {
    let (isRead, mistakes, rules): (Bool, [CeremonyError], Set<CeremonyRule>) =
      switch kind {
      case 0:
        { ($0.plan != nil, $0.mistakes, [.planFile, .planSense]) }(CeremonyPlan.examine(bytes: bytes, file: "f"))
      case 1:
        { ($0.site != nil, $0.mistakes, [.siteFile, .siteComplete]) }(SiteBinding.examine(bytes: bytes, file: "f", for: plan))
      default: answers(bytes, plan)
      }
    if isRead != mistakes.isEmpty { return "it is read, and there are mistakes; or neither" }
    for mistake in mistakes {
      if !rules.contains(mistake.rule) { return "the rule is another's: \(mistake)" }
      if mistake.message.isEmpty || mistake.message.utf8.count > 2_000 { return "it says too little or too much: \(mistake)" }
      if mistake.hint?.isEmpty ?? true { return "there is no hint: \(mistake)" }
    }
    return nil
  }

  private static func answers(_ bytes: [UInt8], _ plan: CeremonyPlan) -> (Bool, [CeremonyError], Set<CeremonyRule>) {
    do {
      _ = try PreparedAnswers(reading: bytes, file: "f", for: plan)
      return (true, [], [.answersFile])
    } catch {
      return (false, [error], [.answersFile])
    }
  }

  private static let punctuation = Array("{}[],:#&*!|>'\"-? \n\t~%@`\\".utf8)

  private static func change(_ bytes: inout [UInt8], _ lines: [[UInt8]], _ random: inout Random) {
    guard !bytes.isEmpty else { return }
    let place = Int(random.next() % UInt64(bytes.count))
    switch random.next() % 6 {
    case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 1: bytes.remove(at: place)
    case 2: bytes.insert(punctuation[Int(random.next() % UInt64(punctuation.count))], at: place)
    case 3: bytes.removeSubrange(place..<min(place + Int(random.next() % 40), bytes.count))
    case 4: bytes.insert(contentsOf: lines[Int(random.next() % UInt64(lines.count))] + [0x0A], at: place)
    default:
      // One line in the place of another.
      var own = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
      own[Int(random.next() % UInt64(own.count))] = lines[Int(random.next() % UInt64(lines.count))]
      bytes = Array(own.joined(separator: [0x0A]))
    }
  }

  /// SplitMix64: the same changes from the same seed.
  private struct Random {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }
}
