import PKCS11
import Synchronization

/// Counts the calls into modules, by function, from when it is made until it is ended.
final class CallCount: Sendable {
  private let counts = Counts()
  private let observation: CallTrace.Registration

  init() {
    let counts = counts
    observation = CallTrace.add { call in counts.add(call.function) }
  }

  /// Ends counting.
  func end() -> [String: Int] {
    CallTrace.remove(observation)
    return counts.all
  }

  private final class Counts: Sendable {
    private let values = Mutex<[String: Int]>([:])
    var all: [String: Int] { values.withLock { $0 } }
    func add(_ function: String) { values.withLock { $0[function, default: 0] += 1 } }
  }
}
