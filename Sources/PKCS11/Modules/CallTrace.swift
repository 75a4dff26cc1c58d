internal import Synchronization

/// One call into a module, as a tracer sees it: never a value that is handed over or comes back. There is no field that could hold one.
///
/// Of all arguments only the number of the mechanism is here: it says how a key was used, and nothing of the key or of what it signed.
public struct TracedCall: Sendable {
  let called: CryptokiFunction
  /// The Cryptoki function, such as `C_Sign`.
  public var function: String { called.name }
  /// The mechanism of an operation that begins, for `C_SignInit`, `C_VerifyInit` and `C_GenerateKeyPair`; nil for all others.
  public let mechanism: MechanismType?
  /// What the function answered.
  public let returnValue: ReturnValue
  /// How long the module took.
  public let duration: Duration
  /// The path of the module.
  public let module: String
}

/// Where calls into modules are reported while somebody listens.
///
/// Listeners belong to the whole process, and there may be several. Without one, a call costs one relaxed load of a flag more than without
/// this code.
public enum CallTrace {
  /// Receives each call after it returned, on the thread that made it. It must not call a module itself.
  public typealias Tracer = @Sendable (TracedCall) -> Void

  /// A tracer that listens. It is taken away with this.
  public struct Registration: Sendable, Hashable {
    fileprivate let number: UInt64
  }

  /// Lets a tracer listen, beside those that listen already.
  public static func add(_ tracer: @escaping Tracer) -> Registration {
    listeners.withLock { listeners in
      let registration = Registration(number: listeners.nextNumber)
      listeners.nextNumber += 1
      listeners.tracers.append((registration, tracer))
      isListenedTo.store(true, ordering: .relaxed)
      return registration
    }
  }

  /// Takes a tracer away. A call that is under way on another thread may still be reported to it.
  public static func remove(_ registration: Registration) {
    listeners.withLock { listeners in
      listeners.tracers.removeAll { $0.registration == registration }
      isListenedTo.store(!listeners.tracers.isEmpty, ordering: .relaxed)
    }
  }

  static let isListenedTo = Atomic<Bool>(false)

  static func report(_ call: TracedCall) {
    for (_, tracer) in listeners.withLock({ $0.tracers }) { tracer(call) }
  }

  private struct Listeners: Sendable {
    var tracers: [(registration: Registration, tracer: Tracer)] = []
    var nextNumber: UInt64 = 0
  }

  private static let listeners = Mutex(Listeners())
}
