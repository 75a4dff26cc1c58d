import Synchronization
import TestSupport

/// Attacks, carried out one after the other on each of several grounds.
public enum Campaign {
  /// What the grounds share: which attack is next, and what came of the others.
  private final class Board: Sendable {
    let attacks: [Attack]
    private let state = Mutex<(next: Int, report: CampaignReport)>((0, CampaignReport()))

    init(_ attacks: [Attack]) { self.attacks = attacks }

    func next() -> (number: Int, attack: Attack)? {
      state.withLock { state in
        guard state.next < attacks.count else { return nil }
        state.next += 1
        return (state.next, attacks[state.next - 1])
      }
    }

    func note(_ change: (inout CampaignReport) -> Void) { state.withLock { change(&$0.report) } }
    var report: CampaignReport { state.withLock { $0.report } }
  }

  /// Carries out attacks.
  ///
  /// - Parameters:
  ///   - grounds: how many go on side by side.
  ///   - choose: the attacks, once it is known where there are places for them.
  ///   - progress: told each verdict, its number and how many there will be.
  public static func run(
    grounds: Int = 1, choose: @Sendable (Deck) -> [Attack], progress: @escaping @Sendable (Verdict, Int, Int) -> Void = { _, _, _ in }
  ) async throws -> CampaignReport {
    let board = Board(try await Ground.with { ground in choose(try await Deck(on: ground)) })
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<grounds {
        group.addTask { try await work(board, progress) }
      }
      try await group.waitForAll()
    }
    return board.report
  }

  private static func work(_ board: Board, _ progress: @escaping @Sendable (Verdict, Int, Int) -> Void) async throws {
    try await Ground.with { ground in
      while let (number, attack) = board.next() {
        do {
          let verdict = try await CampaignRun.perform(attack, on: ground)
          board.note { $0.add(verdict) }
          progress(verdict, number, board.attacks.count)
        } catch {
          board.note { $0.add(attack, broken: "\(error)") }
        }
      }
    }
  }
}
