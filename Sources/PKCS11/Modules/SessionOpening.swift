internal import CCryptoki
internal import Synchronization

/// Sees to it that sessions with one slot are opened one after the other.
///
/// A module that was initialised for threads has to stand two at once. tpm2-pkcs11 1.9 does not: it gives both the same handle, or takes
/// the process down with it. Nothing is lost by waiting, since a session is opened once and used long. Slots do not wait for each other.
final class SessionOpening: Sendable {
  private final class Turn: Sendable {
    let mutex = Mutex(())
  }

  private let turns = Mutex<[CK_SLOT_ID: Turn]>([:])

  /// Runs the body when nobody else of this process is opening a session with the slot.
  func alone<Result>(in slot: CK_SLOT_ID, _ body: () -> Result) -> Result {
    let turn = turns.withLock { turns in
      if let known = turns[slot] { return known }
      let new = Turn()
      turns[slot] = new
      return new
    }
    return turn.mutex.withLock { _ in body() }
  }
}
