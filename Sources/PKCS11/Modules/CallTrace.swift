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
/// There is one tracer for the whole process. Without one, a call costs one relaxed load of a flag more than without this code.
public enum CallTrace {
  /// Receives each call after it returned, on the thread that made it. It must not call a module itself.
  public typealias Tracer = @Sendable (TracedCall) -> Void

  /// Installs a tracer in place of the one before; `nil` ends tracing.
  public static func install(_ tracer: Tracer?) {
    current.withLock { current in
      current = tracer
      isInstalled.store(tracer != nil, ordering: .relaxed)
    }
  }

  static let isInstalled = Atomic<Bool>(false)

  static func report(_ call: TracedCall) {
    let tracer = current.withLock { $0 }
    tracer?(call)
  }

  private static let current = Mutex<Tracer?>(nil)
}
