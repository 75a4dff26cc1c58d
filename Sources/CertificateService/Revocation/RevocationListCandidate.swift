import Synchronization

/// A list that may be the one: it was read, and nobody has looked at its signature yet.
final class RevocationListCandidate: Sendable {
  let list: RevocationList
  private let keep: @Sendable () -> Void
  private let isKept = Mutex(false)

  /// - Parameter keep: keeps a copy for the next time; nothing for a list that is the kept copy.
  init(_ list: RevocationList, keep: @escaping @Sendable () -> Void = {}) {
    self.list = list
    self.keep = keep
  }

  /// Keeps a copy, the first time. Only a list whose signature was checked may be kept: one forged list that is newer than all others
  /// would stand in the way of every true one after it.
  func keepOnce() {
    let isFirst = isKept.withLock { isKept in
      defer { isKept = true }
      return !isKept
    }
    if isFirst { keep() }
  }
}
