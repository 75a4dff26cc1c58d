internal import Dispatch
internal import Synchronization

/// The thread that looks, every so often, whether a call of a pool has passed its deadline. It runs only while there is something to watch.
///
/// Looking from outside costs the calls nothing; a timer for each would cost more than many a signature.
final class PoolWatchdog: Sendable {
  private let isRunning = Atomic<Bool>(false)
  private static let clock = DispatchQueue(label: "hsmkey deadlines", qos: .userInitiated)

  /// Begins to watch a pool. The pool calls it when there is something to watch and nobody does.
  func wake(_ core: PoolCore) {
    guard !isRunning.exchange(true, ordering: .acquiringAndReleasing) else { return }
    later(core, core.configuration.deadlines.tick)
  }

  private func later(_ core: PoolCore, _ pause: Duration) {
    let nanoseconds = Int(clamping: pause.components.seconds * 1_000_000_000 + pause.components.attoseconds / 1_000_000_000)
    Self.clock.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [self] in
      if let pause = core.inspect() { return later(core, pause) }
      isRunning.store(false, ordering: .releasing)
      // Something may have come between the look and now.
      if core.isBusy { wake(core) }
    }
  }
}
