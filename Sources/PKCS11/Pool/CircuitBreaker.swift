internal import Synchronization

/// Stops asking a token that fails again and again, for a time that doubles up to a limit; then lets one piece of work try.
public final class CircuitBreaker: Sendable {
  /// When a breaker opens, and for how long.
  public struct Configuration: Hashable, Sendable {
    /// How many failures in a row open the circuit.
    public var failureLimit: Int
    /// How long the circuit stays open at first.
    public var firstPause: Duration
    /// The longest that it stays open.
    public var longestPause: Duration

    /// Opens after three failures in a row, for five seconds at first and a minute at most.
    public init(failureLimit: Int = 3, firstPause: Duration = .seconds(5), longestPause: Duration = .seconds(60)) {
      self.failureLimit = max(1, failureLimit)
      self.firstPause = firstPause
      self.longestPause = max(longestPause, firstPause)
    }
  }

  private struct State {
    var failures = 0
    var lastFailure = ""
    var pause: Duration = .zero
    var opensAgainAt: ContinuousClock.Instant?
    /// The work that was let pass to see whether the token works again. It is under way until its caller has an answer.
    var trial: PoolJob?
  }

  /// What a report of success or failure has changed.
  enum Change { case none, opened(Duration), closed }

  private let configuration: Configuration
  private let state = Mutex(State())
  private let hasFailures = Atomic<Bool>(false)

  init(_ configuration: Configuration) { self.configuration = configuration }

  /// Lets work pass, or tells why not. While the circuit is open and its pause over, one piece of work passes at a time.
  ///
  /// - Throws: ``PKCS11Rule/circuitOpen`` with the last failure and the time until the next try.
  func check(_ job: PoolJob, token: String, operation: @autoclosure () -> String) throws(PKCS11Error) {
    guard hasFailures.load(ordering: .relaxed) else { return }
    let refusal = state.withLock { state -> (last: String, failures: Int, wait: Duration)? in
      guard let opensAgainAt = state.opensAgainAt else { return nil }
      let wait = opensAgainAt - ContinuousClock.now
      if wait <= .zero, state.trial?.isConcluded ?? true {
        state.trial = job
        return nil
      }
      return (state.lastFailure, state.failures, max(wait, .zero))
    }
    guard let refusal else { return }
    let seconds = max(1, Int((refusal.wait / .seconds(1)).rounded(.up)))
    throw PKCS11Error(
      rule: .circuitOpen, token: token, operation: operation(),
      message: "the token failed \(refusal.failures) times in a row, so it is not asked now; the last time: \(refusal.last)",
      hint: "it is tried again in \(seconds) s; look after the device meanwhile")
  }

  func succeeded() -> Change {
    guard hasFailures.load(ordering: .relaxed) else { return .none }
    return state.withLock { state in
      let wasOpen = state.opensAgainAt != nil
      state = State()
      hasFailures.store(false, ordering: .relaxed)
      return wasOpen ? .closed : .none
    }
  }

  /// Work failed in a way that the token is to blame for. Its caller is told after this.
  func failed(_ failure: String, of job: PoolJob?) -> Change {
    state.withLock { state in
      hasFailures.store(true, ordering: .relaxed)
      state.failures += 1
      state.lastFailure = failure
      let wasTrial = job != nil && state.trial === job
      if wasTrial { state.trial = nil }
      guard state.failures >= configuration.failureLimit, state.opensAgainAt == nil || wasTrial else { return .none }
      let isFirst = state.opensAgainAt == nil
      state.pause = isFirst ? configuration.firstPause : min(state.pause * 2, configuration.longestPause)
      state.opensAgainAt = ContinuousClock.now + state.pause
      return isFirst ? .opened(state.pause) : .none
    }
  }
}
