internal import Dispatch
internal import Synchronization

/// Keeps searches apart from what makes, changes and destroys objects, for modules that do not do so themselves. Searches do not wait for
/// each other, and neither do the others.
///
/// SoftHSM 2.6.1 is such a module: a search in one thread rereads the files of all objects, also of one that another thread is just
/// writing, and takes it for broken. The other thread's call then fails with `CKR_GENERAL_ERROR`, and leaves half an object behind.
final class ObjectTurns: Sendable {
  /// What a call does with the token's objects.
  enum Side: Sendable, Equatable {
    case searching
    /// Making, changing or destroying.
    case writing

    init?(_ function: CryptokiFunction) {
      switch function {
      case .C_FindObjectsInit: self = .searching
      case .C_GenerateKeyPair, .C_GenerateKey, .C_CreateObject, .C_CopyObject, .C_UnwrapKey, .C_DeriveKey, .C_SetAttributeValue,
        .C_DestroyObject:
        self = .writing
      default: return nil
      }
    }
  }

  /// Whether the module has shown a token that needs this. It may be reached through another module, such as p11-kit's.
  let isNeeded = Atomic<Bool>(false)

  private let state = Mutex(State())
  private let patience: Duration

  /// - Parameter patience: how long to wait before going on regardless: a call that never returns must not keep all others from returning.
  init(patience: Duration = .seconds(10)) { self.patience = patience }

  private struct State {
    var searching = 0
    var writing = 0
    var waiting: [Waiter] = []

    /// Lets everybody of one side in who waits for it.
    mutating func admit(_ side: Side) {
      for waiter in waiting where waiter.side == side {
        self[side] += 1
        waiter.semaphore.signal()
      }
      waiting.removeAll { $0.side == side }
    }

    subscript(side: Side) -> Int {
      get { side == .searching ? searching : writing }
      set { if side == .searching { searching = newValue } else { writing = newValue } }
    }
  }

  private final class Waiter: Sendable {
    let side: Side
    let semaphore = DispatchSemaphore(value: 0)

    init(_ side: Side) { self.side = side }
  }

  /// Makes a call when it is its side's turn.
  @inline(__always)
  func take<Result>(for function: CryptokiFunction, _ call: () -> Result) -> Result {
    guard isNeeded.load(ordering: .relaxed), let side = Side(function) else { return call() }
    enter(side)
    defer { leave(side) }
    return call()
  }

  private func enter(_ side: Side) {
    let waiter = state.withLock { state -> Waiter? in
      // Who comes while the other side waits lets it go first; nobody waits for ever that way.
      guard state[side.other] > 0 || state.waiting.contains(where: { $0.side != side }) else {
        state[side] += 1
        return nil
      }
      let waiter = Waiter(side)
      state.waiting.append(waiter)
      return waiter
    }
    guard let waiter else { return }
    let nanoseconds = Int(patience / .nanoseconds(1))
    guard waiter.semaphore.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .timedOut else { return }
    state.withLock { state in
      guard let index = state.waiting.firstIndex(where: { $0 === waiter }) else { return }
      state.waiting.remove(at: index)
      state[side] += 1
    }
  }

  private func leave(_ side: Side) {
    state.withLock { state in
      state[side] -= 1
      guard state[side] == 0 else { return }
      if state.waiting.contains(where: { $0.side != side }) { state.admit(side.other) } else { state.admit(side) }
    }
  }
}

extension ObjectTurns.Side {
  fileprivate var other: Self { self == .searching ? .writing : .searching }
}

extension Token {
  /// Whether a search in one thread can spoil what another thread is writing.
  var mixesUpSearchesAndChanges: Bool { manufacturer.hasPrefix("SoftHSM") }
}
