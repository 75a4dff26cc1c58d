import Dispatch

#if canImport(Glibc)
  import Glibc
#endif

/// Waits for SIGINT or SIGTERM. From its making on, neither ends the process by itself.
struct StopSignals {
  private let stream: AsyncStream<Void>
  private let sources: [any DispatchSourceSignal]

  init() {
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
  }

  func wait() async {
    for await _ in stream { break }
    sources.forEach { $0.cancel() }
  }
}
