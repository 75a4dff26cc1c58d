import Foundation
import Synchronization

/// Everything that was asked and answered, and every change, in order: in memory, and in a file where there is one.
final class RequestLog: Sendable {
  private struct State {
    var requests: [LoggedRequest] = []
    var changes: [LoggedChange] = []
    var count = 0
    var file: LogFile?
    var messages: [Int: LoggedMessages] = [:]
  }

  /// The messages of so many requests are kept.
  static let messageLimit = 100

  /// So many requests, and as many changes, are kept in memory; the oldest go first.
  static let limit = 100_000

  private let state = Mutex(State())
  private let say: @Sendable (String) -> Void

  init(say: @escaping @Sendable (String) -> Void) { self.say = say }

  var requests: [LoggedRequest] { state.withLock { $0.requests } }
  var changes: [LoggedChange] { state.withLock { $0.changes } }

  /// The last requests, newest first, and how many there were in all.
  func latest(_ count: Int) -> (requests: [LoggedRequest], total: Int) {
    state.withLock { ($0.requests.suffix(count).reversed(), $0.count) }
  }

  /// A request that is still in memory, and its messages where they are kept.
  func request(_ number: Int) -> (request: LoggedRequest, messages: LoggedMessages?)? {
    state.withLock { state in
      guard let first = state.requests.first?.number, state.requests.indices.contains(number - first) else { return nil }
      return (state.requests[number - first], state.messages[number])
    }
  }

  /// Writes into a file from now on.
  func open(_ path: String) throws(SimulatorError) {
    let file = try LogFile(path: path)
    state.withLock { $0.file = file }
  }

  /// - Returns: the request as it was logged, with its number.
  @discardableResult
  func add(_ request: LoggedRequest, _ messages: LoggedMessages? = nil) -> LoggedRequest {
    state.withLock { state in
      var request = request
      state.count += 1
      request.number = state.count
      if state.requests.count >= Self.limit { state.requests.removeFirst(Self.limit / 10) }
      state.requests.append(request)
      state.messages[request.number] = messages
      state.messages[request.number - Self.messageLimit] = nil
      write(request, state.file)
      return request
    }
  }

  func add(_ change: LoggedChange) {
    state.withLock { state in
      if state.changes.count >= Self.limit { state.changes.removeFirst(Self.limit / 10) }
      state.changes.append(change)
      write(change, state.file)
    }
    say("\(change.source) -> \(change.isAccepted ? "" : "refused: ")\(change.reason)")
  }

  private func write(_ line: some Encodable, _ file: LogFile?) {
    guard let file else { return }
    do { try file.append(line) } catch { say("the log cannot be written: \(error)") }
  }
}
