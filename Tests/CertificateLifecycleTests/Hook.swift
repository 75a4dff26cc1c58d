import Synchronization

/// The program that hears of a new certificate, as far as the lifecycle sees it.
final class Hook: Sendable {
  private struct State {
    var calls: [String] = []
    var isFailing = false
    var action: (@Sendable () async -> Void)?
  }

  private let state = Mutex(State())

  /// The names that it was told.
  var calls: [String] { state.withLock { $0.calls } }

  func fail(_ isFailing: Bool = true) { state.withLock { $0.isFailing = isFailing } }

  /// What it does while it runs.
  func onRun(_ action: @escaping @Sendable () async -> Void) { state.withLock { $0.action = action } }

  func run(_ name: String) async -> Bool {
    let action = state.withLock { state in
      state.calls.append(name)
      return state.action
    }
    await action?()
    return state.withLock { !$0.isFailing }
  }
}
