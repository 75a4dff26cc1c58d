import Foundation
import Glibc
import Synchronization

/// A server on the loopback interface that does exactly what a test says, good manners or not. Each connection has a thread.
public final class RawServer: Sendable {
  public let port: Int
  private let listener: CInt
  private let record: Record

  private final class Record: Sendable {
    let state = Mutex<(connections: Int, received: [UInt8])>((0, []))
  }

  public init(_ serve: @escaping @Sendable (RawConnection) -> Void) throws {
    (listener, port) = try LoopbackSocket.listening()
    let record = Record()
    self.record = record
    let listener = listener
    Thread.detachNewThread {
      while true {
        let socket = accept(listener, nil, nil)
        guard socket >= 0 else {
          if errno == EINTR { continue }
          // Closed here and nowhere else: a number that is given back while this thread still uses it may be another server's by then.
          close(listener)
          return
        }
        record.state.withLock { $0.connections += 1 }
        Thread.detachNewThread {
          serve(RawConnection(socket: socket) { bytes in record.state.withLock { $0.received += bytes } })
          close(socket)
        }
      }
    }
  }

  deinit { shutdown(listener, CInt(SHUT_RDWR)) }

  /// How many connections there have been.
  public var connections: Int { record.state.withLock { $0.connections } }

  /// Everything that came in on all of them.
  public var received: String { record.state.withLock { String(decoding: $0.received, as: UTF8.self) } }
}

/// One connection of a ``RawServer``; closed when its handler returns.
public struct RawConnection: Sendable {
  fileprivate let socket: CInt
  fileprivate let note: @Sendable ([UInt8]) -> Void

  /// Reads what is there, or waits for it; empty at the end.
  public func read() -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe recv(socket, &buffer, buffer.count, 0)
    let bytes = Array(buffer[..<max(count, 0)])
    note(bytes)
    return bytes
  }

  /// Reads a whole request: head and as much body as it announces.
  @discardableResult
  public func readRequest() -> String {
    var bytes: [UInt8] = []
    while true {
      let chunk = read()
      bytes += chunk
      let text = String(decoding: bytes, as: UTF8.self)
      if chunk.isEmpty { return text }
      guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
      let head = text[..<end.lowerBound].lowercased()
      let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }.flatMap {
        Int($0.dropFirst(15).filter(\.isNumber))
      }
      if text[end.upperBound...].utf8.count >= length ?? 0 { return text }
    }
  }

  /// Reads until the other side closes.
  public func readToEnd() { while !read().isEmpty {} }

  /// Writes everything; false when the other side is gone.
  @discardableResult
  public func write(_ text: String) -> Bool { write(Array(text.utf8)) }

  /// Writes everything; false when the other side is gone.
  @discardableResult
  public func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest.removeFirst(count)
    }
    return true
  }

  /// Carries bytes to and from another port until one side ends. What passes through is not recorded.
  public func tunnel(to port: Int) {
    guard let other = try? LoopbackSocket.connected(to: port) else { return }
    defer { close(other) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      var polled = [pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0)]
      guard unsafe poll(&polled, 2, -1) > 0 else { return }
      let (source, target) = polled[0].revents != 0 ? (socket, other) : (other, socket)
      let count = unsafe recv(source, &buffer, buffer.count, 0)
      guard count > 0, unsafe send(target, buffer, count, CInt(MSG_NOSIGNAL)) == count else { return }
    }
  }

  /// Says that nothing more will be written.
  public func finishWriting() { shutdown(socket, CInt(SHUT_WR)) }

  /// Which of this connection and another one has something to read, or has ended.
  public func awaits(_ other: RawConnection) -> (here: Bool, there: Bool) {
    var polled = [pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: other.socket, events: Int16(POLLIN), revents: 0)]
    guard unsafe poll(&polled, 2, -1) > 0 else { return (true, true) }
    return (polled[0].revents != 0, polled[1].revents != 0)
  }

  /// Waits for a moment between two bytes.
  public func pause() { usleep(20_000) }

  /// Waits until the first octets of a request are there, and leaves them unread.
  public func awaitRequest() {
    var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    unsafe _ = poll(&descriptor, 1, 10_000)
  }

  /// Closes with a reset instead of an orderly end.
  public func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    unsafe _ = setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}

/// A connection to a port on 127.0.0.1; closed when it goes.
public final class RawClient: Sendable {
  public let connection: RawConnection

  public init(port: Int) throws {
    connection = RawConnection(socket: try LoopbackSocket.connected(to: port)) { _ in }
  }

  deinit { close(connection.socket) }
}

/// Sockets on 127.0.0.1.
public enum LoopbackSocket {
  /// A port that was free a moment ago, for a program that cannot choose one by itself. Another program may take it first: try again then.
  public static func freePort() throws -> Int {
    let (socket, port) = try listening()
    close(socket)
    return port
  }

  /// Whether somebody listens on a port.
  public static func accepts(_ port: Int) -> Bool {
    guard let socket = try? connected(to: port) else { return false }
    close(socket)
    return true
  }

  static func connected(to port: Int) throws -> CInt {
    let socket = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    var address = address(port)
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(socket, $0, length) }
    }
    guard result == 0 else {
      close(socket)
      throw ChildProcessError("nobody listens on port \(port)")
    }
    return socket
  }

  static func listening() throws -> (socket: CInt, port: Int) {
    let socket = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    var address = address(0)
    var size = length
    let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(socket, $0, size) == 0 && listen(socket, 64) == 0 && getsockname(socket, $0, &size) == 0
      }
    }
    guard bound else { throw ChildProcessError("no socket on 127.0.0.1") }
    return (socket, Int(UInt16(bigEndian: address.sin_port)))
  }

  private static let length = socklen_t(MemoryLayout<sockaddr_in>.size)

  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }
}
