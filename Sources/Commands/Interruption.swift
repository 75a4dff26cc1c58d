import Dispatch
import Foundation
import Secrets
import Synchronization

/// While this is there, Ctrl-C and SIGTERM are noted instead of ending the process, so that it can tidy up. A second one ends it.
final class Interruption: @unchecked Sendable {
  // Checked by hand: the sources are made once, and all that is done to them is to cancel them, which any thread may.
  private let noted = Noted()
  private let sources: [any DispatchSourceSignal]

  private final class Noted: Sendable {
    let signal = Atomic<Int32>(0)
  }

  /// The signal that came; nil when none did.
  var signal: Int32? {
    let number = noted.signal.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// - Parameter tell: is called with the first signal that comes.
  init(tell: @escaping @Sendable (Int32) -> Void = { _ in }) {
    let noted = noted
    sources = [SIGINT, SIGTERM].map { number in
      Foundation.signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        noted.signal.store(number, ordering: .relaxed)
        Foundation.signal(number, SIG_DFL)
        tell(number)
      }
      source.resume()
      return source
    }
  }

  /// Signals end the process again.
  func end() {
    for source in sources { source.cancel() }
    for number in [SIGINT, SIGTERM] { Foundation.signal(number, SIG_DFL) }
  }
}

extension Interruption {
  /// Ends the process by the signal, as if nobody had caught it.
  static func endProcess(_ signal: Int32) -> Never {
    Foundation.signal(signal, SIG_DFL)
    raiseUnblocked(signal)
    _exit(128 + signal)
  }

  /// Does work on a token that must not be left half done: a key that is being made, a flag that is being tried. A signal is heeded
  /// when the work is done.
  ///
  /// - Parameter tidyUp: takes away what the work has made, once nobody wants it any more, and says in what state things are.
  /// - Throws: what the work throws; an error with the exit code of the signal.
  static func heldBack<Value>(
    _ operation: String, _ work: () async throws -> Value, tidyUp: (Value) async throws -> String
  ) async throws -> Value {
    let interruption = Interruption { _ in
      Console.say("interrupted: ending what was begun on the token first; a second signal ends at once, and may leave something there")
    }
    defer { interruption.end() }
    let value = try await work()
    guard let signal = interruption.signal else { return value }
    throw CommandError(
      ExitStatus(rawValue: 128 + signal), code: "interrupted", operation: operation, message: "interrupted: \(try await tidyUp(value))")
  }
}
