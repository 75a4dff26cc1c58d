import Synchronization

/// The faults that are set. One is used up where it takes effect, not where a request could have met it: a fault of the certificate
/// waits for an answer that has one.
final class FaultPlan: Sendable {
  private struct Armed {
    let request: FaultRequest
    var remaining: Int?
  }

  private let armed = Mutex<[Armed]>([])
  private let outages: Mutex<Double>
  private let random: SimulatorRandom

  /// - Parameters:
  ///   - outages: how often a request meets one of ``outageFaults`` by chance, from 0 to 1.
  init(outages: Double = 0, random: SimulatorRandom = SimulatorRandom()) {
    self.outages = Mutex(outages)
    self.random = random
  }

  /// What chance has a request meet: trouble on the way, before and after the request is carried out.
  static let outageFaults: [ServiceFault] = [
    .html502, .soapFault500, .closeBeforeCommit, .closeAfterCommit, .cutInHeader, .cutInBody,
  ]

  /// The faults that are set, in the order in which they were.
  var requests: [FaultRequest] {
    armed.withLock { $0.map { $0.request.happening($0.remaining) } }
  }

  var outageRate: Double {
    get { outages.withLock { $0 } }
    set { outages.withLock { $0 = newValue } }
  }

  /// What chance has in store for the next request.
  func outage(_ operation: ServiceOperation) -> ServiceFault? {
    let rate = outageRate
    guard rate > 0, operation != .revocationList, random.happens(rate) else { return nil }
    return random.element(of: Self.outageFaults)
  }

  func set(_ request: FaultRequest) {
    armed.withLock { $0.append(Armed(request: request, remaining: request.answers)) }
  }

  func clear(_ fault: ServiceFault) { armed.withLock { $0.removeAll { $0.request.fault == fault } } }

  /// Clears what the request names: a fault for all operations, or for one.
  ///
  /// - Returns: whether there was something to clear.
  func clear(_ request: FaultRequest) -> Bool {
    armed.withLock { armed in
      let before = armed.count
      armed.removeAll {
        $0.request.fault == request.fault && (request.operation == nil || request.operation == $0.request.operation)
      }
      return armed.count < before
    }
  }

  func clear() { armed.withLock { $0.removeAll() } }

  /// Whether the fault is to happen now. A counted one is counted down.
  func take(_ fault: ServiceFault, _ operation: ServiceOperation) -> Bool {
    armed.withLock { armed in
      guard
        !armed.isEmpty, fault.operations.contains(operation),
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
