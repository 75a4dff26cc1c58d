import PKCS11
import Synchronization

/// The handles of private keys that were found so far. They are worth something only until the next login.
final class KeyHandles: Sendable {
  private let known = Mutex<(epoch: UInt64, handles: [KeyIdentifier: ObjectHandle])>((0, [:]))

  func handle(of identifier: KeyIdentifier, epoch: UInt64) -> ObjectHandle? {
    known.withLock { $0.epoch == epoch ? $0.handles[identifier] : nil }
  }

  func remember(_ handle: ObjectHandle, of identifier: KeyIdentifier, epoch: UInt64) {
    known.withLock { known in
      if known.epoch != epoch { known = (epoch, [:]) }
      known.handles[identifier] = handle
    }
  }
}
