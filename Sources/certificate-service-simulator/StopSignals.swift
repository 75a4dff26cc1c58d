import Dispatch
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Waits for SIGINT or SIGTERM, or for the end of standard input. From its making on, neither ends the process by itself.
struct StopSignals {
  private let stream: AsyncStream<Void>
  private let sources: [any DispatchSourceSignal]

  init(untilInputEnds: Bool = false) {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    self.stream = stream
    sources = [SIGINT, SIGTERM].map { number in
      // The default action would come before the dispatch source.
      _ = signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { continuation.yield() }
      source.resume()
      return source
    }
    if untilInputEnds { Self.readToTheEnd(continuation) }
  }

  /// What is read is nobody's.
  private static func readToTheEnd(_ continuation: AsyncStream<Void>.Continuation) {
    Thread.detachNewThread {
      while let part = try? FileHandle.standardInput.read(upToCount: 4096), !part.isEmpty {}
      continuation.yield()
    }
  }

  func wait() async {
    for await _ in stream { break }
    sources.forEach { $0.cancel() }
  }
}
