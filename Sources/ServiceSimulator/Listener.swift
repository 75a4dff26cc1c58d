import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// A server that listens.
struct Listener: Sendable {
  let server: HTTPServer
  let task: Task<Void, Never>
  /// `http://127.0.0.1:PORT`
  let base: String

  /// Starts the server and waits until its socket listens.
  ///
  /// - Parameter host: an address in numbers.
  static func start(host: String, port: UInt16, front: HTTPFront) async throws -> Listener {
    let server = try server(host: host, port: port, front: front)
    let failure = Failure()
    let task = Task {
      do { try await server.run() } catch { failure.set(error) }
    }
    for _ in 0..<2000 {
      if let address = await server.listeningAddress {
        return Listener(server: server, task: task, base: "http://\(try text(address))")
      }
      if let error = failure.error {
        throw SimulatorError(
          .listening, "listen", "\(host), port \(port), is not to be had", hint: "use port 0 for any that is free", underlying: error)
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    task.cancel()
    throw SimulatorError(.listening, "listen", "the server does not listen after 10 seconds")
  }

  private static func server(host: String, port: UInt16, front: HTTPFront) throws -> HTTPServer {
    // A hanging connection is the simulator's to end, so the server's own limit is out of the way.
    let timeout: TimeInterval = 86_400
    if host.contains(":") {
      return HTTPServer(
        config: .init(address: try .inet6(ip6: host, port: port), timeout: timeout, logger: .disabled), handler: front)
    }
    return HTTPServer(
      config: .init(address: try .inet(ip4: host, port: port), timeout: timeout, logger: .disabled), handler: front)
  }

  private static func text(_ address: Socket.Address) throws(SimulatorError) -> String {
    switch address {
    case .ip4(let host, let port): return "\(host):\(port)"
    case .ip6(let host, let port): return "[\(host)]:\(port)"
    default: throw SimulatorError(.listening, "listen", "the server listens on something that is no IP address")
    }
  }
}

/// Why the server ended, for the task that waits for it.
private final class Failure: Sendable {
  private let value = Mutex<(any Error)?>(nil)

  var error: (any Error)? { value.withLock { $0 } }
  func set(_ error: any Error) { value.withLock { $0 = error } }
}
