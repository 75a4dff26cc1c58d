import Synchronization

/// What went wrong in threads.
final class Answers: Sendable {
  private let answers = Mutex<[UInt]>([])

  func add(_ answer: UInt) { answers.withLock { $0.append(answer) } }

  var first: UInt? { answers.withLock { $0.first } }
}
