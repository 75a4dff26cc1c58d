import Synchronization

/// The faults that are set. One is used up where it takes effect, not where a request could have met it: a fault of the certificate
/// waits for an answer that has one.
final class FaultPlan: Sendable {
  private struct Armed {
    let request: FaultRequest
    var remaining: Int?
  }

  private let armed = Mutex<[Armed]>([])

  func set(_ request: FaultRequest) {
    armed.withLock { $0.append(Armed(request: request, remaining: request.answers)) }
  }

  func clear(_ fault: ServiceFault) { armed.withLock { $0.removeAll { $0.request.fault == fault } } }

  func clear() { armed.withLock { $0.removeAll() } }

  /// Whether the fault is to happen now. A counted one is counted down.
  func take(_ fault: ServiceFault, _ operation: ServiceOperation) -> Bool {
    armed.withLock { armed in
      guard
        fault.operations.contains(operation),
        let index = armed.firstIndex(where: {
          $0.request.fault == fault && ($0.request.operation == nil || $0.request.operation == operation)
        })
      else { return false }
      if let remaining = armed[index].remaining {
        if remaining > 1 { armed[index].remaining = remaining - 1 } else { armed.remove(at: index) }
      }
      return true
    }
  }
}
