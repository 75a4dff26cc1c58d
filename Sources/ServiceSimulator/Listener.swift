import FlyingSocks
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A server that listens.
struct Listener: Sendable {
  private let task: Task<Void, Never>
  /// `http://127.0.0.1:PORT`
  let base: String

  /// Starts the server; its socket listens when this returns.
  ///
  /// - Parameter host: an address in numbers.
  static func start(host: String, port: UInt16, front: HTTPFront) async throws -> Listener {
    let pool = SocketPool.make()
    let socket: Socket
    do {
      socket = try listeningSocket(host: host, port: port)
    } catch {
      throw SimulatorError(
        .listening, "listen", "\(host), port \(port), is not to be had", hint: "use port 0 for any that is free", underlying: error)
    }
    let base = "http://\(try text(socket.sockname()))"
    try await pool.prepare()
    let listening = try AsyncSocket(socket: socket, pool: pool)
    let task = Task {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { try? await pool.run() }
        group.addTask { await accept(on: listening, front) }
        await group.next()
        group.cancelAll()
      }
    }
    return Listener(task: task, base: base)
  }

  /// Closes the socket, ends every connection and waits for their end.
  func stop() async {
    task.cancel()
    await task.value
  }

  private static func accept(on listening: AsyncSocket, _ front: HTTPFront) async {
    defer { try? listening.close() }
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        do {
          let connection = try await listening.accept()
          group.addTask { await front.serve(connection) }
        } catch {
          // Too many open files, for instance, is over sooner or later. Cancelled, the sleep is none.
          try? await Task.sleep(for: .milliseconds(20))
        }
      }
      group.cancelAll()
    }
  }

  private static func listeningSocket(host: String, port: UInt16) throws -> Socket {
    if host.contains(":") { return try listeningSocket(at: .inet6(ip6: host, port: port)) }
    return try listeningSocket(at: .inet(ip4: host, port: port))
  }

  private static func listeningSocket<Address: SocketAddress>(at address: Address) throws -> Socket {
    let socket = try Socket(domain: Int32(Address.family))
    socket.staysHere()
    do {
      try socket.setValue(true, for: .localAddressReuse)
      try socket.bind(to: address)
      try socket.listen()
    } catch {
      try? socket.close()
      throw error
    }
    return socket
  }

  private static func text(_ address: Socket.Address) throws(SimulatorError) -> String {
    switch address {
    case .ip4(let host, let port): return "\(host):\(port)"
    case .ip6(let host, let port): return "[\(host)]:\(port)"
    default: throw SimulatorError(.listening, "listen", "the server listens on something that is no IP address")
    }
  }
}

extension Socket {
  /// Programs that this process starts do not get the socket: it would be open as long as they run.
  func staysHere() { _ = fcntl(file.rawValue, F_SETFD, FD_CLOEXEC) }

  /// Tells the other side that nothing more comes, even where a program that was started meanwhile has the socket too.
  func end() throws {
    _ = shutdown(file.rawValue, CInt(SHUT_RDWR))
    try close()
  }
}
