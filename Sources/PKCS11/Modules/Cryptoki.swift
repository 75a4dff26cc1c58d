internal import CCryptoki
internal import Synchronization

/// The function table of one loaded module, and the one place through which its functions are called.
///
/// A table stays valid for the life of the process: a module is never unloaded.
@safe final class Cryptoki: Sendable {
  /// The path that the module was loaded from.
  let path: String

  /// The version of the interface in use: what the module's table says of itself.
  let interfaceVersion: Version

  /// Whether the table came from `C_GetInterface` (3.0) and not from `C_GetFunctionList`.
  let isFromGetInterface: Bool

  /// How often the module was initialised so far. Handles belong to one of these; a handle of an earlier one could by chance be somebody
  /// else's by now, so it is never used again.
  let generation = Atomic<UInt>(0)

  /// Where sessions that are closed, and the work of a session pool, pass; closed while the module is finalized.
  let gate = CallGate()

  /// Sessions with one slot are opened one after the other.
  let opening = SessionOpening()

  /// Searches and what changes objects take turns, where the module wants it.
  let objectTurns = ObjectTurns()

  /// How deep in forks this process was when the module was loaded.
  private let forkDepth = ForkWatch.depth

  /// This process is a child, forked after its parent loaded the module: nothing here may be called any more.
  var isForked: Bool { ForkWatch.depth != forkDepth }

  /// The module's functions: a table of 2.40, or the part of a later table that is the same.
  nonisolated(unsafe) let functions: UnsafePointer<CK_FUNCTION_LIST>

  init(path: String, functions: UnsafePointer<CK_FUNCTION_LIST>, isFromGetInterface: Bool) {
    self.path = path
    self.isFromGetInterface = isFromGetInterface
    unsafe self.functions = functions
    interfaceVersion = unsafe Version(functions.pointee.version)
  }

  /// Calls a function and throws unless it answers `CKR_OK`.
  @inline(__always)
  func call<Pointer>(
    _ function: CryptokiFunction, _ pointer: Pointer?, token: @autoclosure () -> String?, operation: @autoclosure () -> String,
    _ invoke: (Pointer) -> CK_RV
  ) throws(PKCS11Error) {
    let answer = answer(function, pointer, invoke)
    if answer != .ok {
      throw failure(function, answer, isMissing: pointer == nil, token: token(), operation: operation())
    }
  }

  /// Calls a function and returns what it answers. A function that the module leaves out answers `CKR_FUNCTION_NOT_SUPPORTED`; in a forked
  /// child every function answers `CKR_CRYPTOKI_NOT_INITIALIZED` without being called.
  @inline(__always)
  func answer<Pointer>(
    _ function: CryptokiFunction, _ pointer: Pointer?, mechanism: @autoclosure () -> MechanismType? = nil, _ invoke: (Pointer) -> CK_RV
  ) -> ReturnValue {
    guard let pointer else { return .functionNotSupported }
    if isForked { return .cryptokiNotInitialized }
    return Self.answer(function, of: path, mechanism: mechanism()) { objectTurns.take(for: function) { invoke(pointer) } }
  }

  /// Every call into a module passes here: watched when the thread belongs to a pool, traced when somebody listens.
  @inline(__always)
  static func answer(
    _ function: CryptokiFunction, of path: @autoclosure () -> String, mechanism: @autoclosure () -> MechanismType? = nil,
    _ invoke: () -> CK_RV
  ) -> ReturnValue {
    CallMonitor.ofThisThread { $0.begin(function) }
    defer { CallMonitor.ofThisThread { $0.end() } }
    guard CallTrace.isListenedTo.load(ordering: .relaxed) else { return ReturnValue(invoke()) }
    return traced(function, of: path(), mechanism: mechanism(), invoke)
  }

  @inline(never)
  private static func traced(
    _ function: CryptokiFunction, of path: String, mechanism: MechanismType?, _ invoke: () -> CK_RV
  ) -> ReturnValue {
    let clock = ContinuousClock()
    let start = clock.now
    let answer = ReturnValue(invoke())
    CallTrace.report(
      TracedCall(called: function, mechanism: mechanism, returnValue: answer, duration: clock.now - start, module: path))
    return answer
  }

  /// The error for an answer.
  @inline(never)
  func failure(
    _ function: CryptokiFunction, _ answer: ReturnValue, isMissing: Bool = false, token: String?, operation: String
  ) -> PKCS11Error {
    if isForked { return Self.forked(token: token, operation: operation) }
    guard isMissing else { return PKCS11Error(function: function.name, returnValue: answer, token: token, operation: operation) }
    return PKCS11Error(
      rule: .functionPresent, function: function.name, returnValue: answer, token: token, operation: operation,
      message: "the module leaves this function out of its table", hint: nil)
  }

  /// The error for whatever is tried in a forked child.
  static func forked(token: String?, operation: String) -> PKCS11Error {
    PKCS11Error(
      rule: .moduleFork, token: token, operation: operation,
      message: "this process was forked after its parent opened the module, and a module's connection does not survive a fork",
      hint: "open modules in the process that uses them: start a new program (exec), or fork before the first module is opened")
  }
}
