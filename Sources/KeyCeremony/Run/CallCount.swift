import PKCS11
import Synchronization

/// Counts the calls into modules, by function, from when it is made until it is ended.
final class CallCount: Sendable {
  private let counts = Counts()
  private let observation: CallTrace.Observation

  init() {
    let counts = counts
    observation = CallTrace.observe { call in counts.add(call.function) }
  }

  /// Ends counting.
  func end() -> [String: Int] {
    observation.end()
    return counts.all
  }

  private final class Counts: Sendable {
    private let values = Mutex<[String: Int]>([:])
    var all: [String: Int] { values.withLock { $0 } }
    func add(_ function: String) { values.withLock { $0[function, default: 0] += 1 } }
  }
}
