import ServiceSimulator
import TestSupport

/// Chance that can be had again: SplitMix64.
public struct Chance: RandomNumberGenerator, Sendable {
  private var state: UInt64
  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Every attack that there is, by what kind it is of.
public struct Deck: Sendable {
  /// What a run does in which nothing goes wrong: the places where something can.
  struct Places: Sendable {
    let calls: [FaultPoint]
    let cryptokiCalls: Int
  }

  private let places: [Operation: Places]

  /// Looks at a run of each operation.
  public init(on ground: Ground) async throws {
    var places: [Operation: Places] = [:]
    for operation in Operation.allCases {
      let scene = try await ground.scene(operation)
      let calls = try await scene.points()
      scene.remove()
      let another = try await ground.scene(operation)
      places[operation] = Places(calls: calls, cryptokiCalls: try await another.cryptokiCalls())
      another.remove()
    }
    self.places = places
  }

  /// What a run does in which nothing goes wrong, for people.
  public var summary: [String] {
    Operation.allCases.map { operation in
      let calls = places[operation]?.calls ?? []
      let classes = Dictionary(grouping: calls, by: \.place).map { "\($0.value.count) \($0.key)" }.sorted().joined(separator: ", ")
      let module = places[operation]?.cryptokiCalls ?? 0
      return "\(operation.rawValue): \(calls.count) calls of the system (\(classes)), \(module) of the module"
    }
  }

  /// Everything that can go wrong in one run of the tool.
  private func blows(_ operation: Operation) -> [Blow] {
    guard let places = places[operation] else { return [] }
    var blows: [Blow] = []
    for point in places.calls where point.place != "other" {
      blows.append(.call(point.description, "kill"))
      if point.bytes > 0 || ["rename", "renameat", "unlink"].contains(point.call) { blows.append(.call(point.description, "kill-after")) }
      // SoftHSM writes its token's file in place: half of it is no token any more, whoever wrote it.
      if point.bytes > 1, point.place != "token" { blows.append(.call(point.description, "tear")) }
      if ["state", "pin", "file", "token"].contains(point.place) {
        for error in ["ENOSPC", "ENOSPC+", "EIO", "EROFS+"] { blows.append(.call(point.description, error)) }
      }
    }
    for number in 1...max(1, places.cryptokiCalls) {
      blows += [.cryptoki(number, after: false), .cryptoki(number, after: true)]
    }
    blows += [
      "C_SignInit", "C_Sign", "C_GenerateKeyPair", "C_CreateObject", "C_GetAttributeValue", "C_FindObjectsInit", "C_Login",
    ].map { .tokenGone($0) }
    blows += Self.network.flatMap { fault in [.network([fault]), .network([.none, fault])] }
    for connection in 1...2 {
      for octets in [1] + stride(from: 100, to: 7000, by: 230) {
        blows += [.line(connection, .init(isAnswer: false, octets: octets)), .line(connection, .init(isAnswer: true, octets: octets))]
      }
    }
    for fault in ServiceFault.allCases {
      blows += operation.steps.filter(fault.operations.contains).map { .service(fault, $0) }
    }
    let year = 365 * 86_400
    blows += [-2 * year, -year, -86_400, -3600, 3600, 86_400, 40 * 86_400, year, 10 * year].map { .clock($0) }
    return blows + [.wrongPIN, .twice, .readOnlyState]
  }

  private static let network: [NetworkFault] =
    [.refuse, .delay(300), .silence, .dribble(7), .dribble(500), .duplicateRequest(answer: 1), .duplicateRequest(answer: 2)]
    + [.duplicateAnswer, .swap(16), .swap(512), .staleAnswer]
    + ([0, 1] + stride(from: 15, to: 4600, by: 41)).flatMap {
      [.cutRequest($0), .cutAnswer($0, reset: false), .cutAnswer($0, reset: true), .flip($0)]
    }

  /// What goes wrong when the tool has been killed before a step and goes on: a lot of it, at the same system call or another one.
  private func second(_ operation: Operation, _ chance: inout Chance) -> Blow {
    switch Int.random(in: 0..<10, using: &chance) {
    case 0: .wrongPIN
    case 1: .clock([-86_400 * 400, 86_400 * 400].randomElement(using: &chance) ?? 0)
    case 2: .twice
    case 3: .network([[.refuse, .cutAnswer(500, reset: true), .duplicateRequest(answer: 1)].randomElement(using: &chance) ?? .refuse])
    case 4: .cryptoki(Int.random(in: 1...max(1, places[operation]?.cryptokiCalls ?? 1), using: &chance), after: .random(using: &chance))
    default: .call("any:\(Int.random(in: 1...max(1, places[operation]?.calls.count ?? 1), using: &chance))", "kill")
    }
  }

  /// Attacks, dealt so that every kind has its turn: one of each, then another of each, for as long as there are any.
  ///
  /// - Parameters:
  ///   - count: how many; nil for each blow once.
  ///   - seed: which.
  ///   - kinds: only those whose kind holds one of these words.
  public func deal(_ count: Int?, seed: UInt64, kinds: [String] = []) -> [Attack] {
    var chance = Chance(seed)
    var piles: [(kind: String, attacks: [Attack])] = []
    for operation in Operation.allCases {
      let grouped = Dictionary(grouping: blows(operation), by: \.kind)
      for kind in grouped.keys.sorted() where kinds.isEmpty || kinds.contains(where: kind.contains) {
        let attacks = (grouped[kind] ?? []).shuffled(using: &chance).map { blow in
          // Now and then a second thing goes wrong, or the same one again and again, as under a timer.
          let blows =
            switch Int.random(in: 0..<12, using: &chance) {
            case 0...2: [blow, second(operation, &chance)]
            case 3: Array(repeating: blow, count: 6)
            default: [blow]
            }
          return Attack(
            operation, blows, habit: Habit.allCases.randomElement(using: &chance) ?? .sameCommand,
            wayOut: WayOut.allCases.randomElement(using: &chance) ?? .again)
        }
        piles.append((kind, attacks))
      }
    }
    // A kind of both operations side by side, so that a short campaign has something of each.
    piles.sort { $0.kind < $1.kind }
    var dealt: [Attack] = []
    let limit = min(count ?? .max, piles.reduce(0) { $0 + $1.attacks.count })
    var round = 0
    while dealt.count < limit {
      for pile in piles where dealt.count < limit && round < pile.attacks.count { dealt.append(pile.attacks[round]) }
      round += 1
    }
    return dealt
  }
}
