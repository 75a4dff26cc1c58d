import Dispatch
import Foundation
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

  init() {
    let noted = noted
    sources = [SIGINT, SIGTERM].map { number in
      Foundation.signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        noted.signal.store(number, ordering: .relaxed)
        Foundation.signal(number, SIG_DFL)
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
