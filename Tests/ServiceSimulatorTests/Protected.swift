import Synchronization

/// A value that several tasks share.
final class Protected<Value: Sendable>: Sendable {
  private let stored: Mutex<Value>

  init(_ value: Value) { stored = Mutex(value) }

  var value: Value { stored.withLock { $0 } }
  func update(_ change: (inout sending Value) -> Void) { stored.withLock { change(&$0) } }
}
