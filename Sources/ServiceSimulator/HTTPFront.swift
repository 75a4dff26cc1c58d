import FlyingSocks
import Foundation

/// The HTTP server in front of the service: plain HTTP/1.1 on the loopback network.
///
/// It is made by hand, because it must be able to do what no good server does: to stop in the middle of an answer, at any octet.
struct HTTPFront: Sendable {
  let maximumRequestBytes: Int
  let log: @Sendable (String) -> Void
  /// The service, once it is ready.
  let answer: @Sendable (IncomingRequest) async throws -> Answer

  /// Serves a connection until one side closes it.
  func serve(_ socket: AsyncSocket) async {
    socket.socket.staysHere()
    defer { try? socket.socket.end() }
    var reader = HTTPReader(socket: socket)
    do {
      while let head = try await reader.head() {
        if head.wantsContinue { try await socket.write(Data("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        let answer = try await answer(head, &reader)
        if answer.isLogged { log("\(PlainText.of(head.method)) \(PlainText.of(head.path)) \(answer.note)") }
        // When the simulator stops, this throws: a connection that hangs just ends.
        if let silence = answer.silence { try await Task.sleep(for: silence) }
        guard try await send(answer, to: head, over: socket) else { return }
      }
    } catch let violation as HTTPViolation {
      let answer = Answer.plain(violation.status, violation.message)
      log("no HTTP \(answer.note)")
      try? await socket.write(Data(Self.header(answer, isKeptAlive: false) + answer.body))
    } catch {
      // The client is gone, or the simulator stops.
    }
  }

  private func answer(_ head: HTTPHead, _ reader: inout HTTPReader) async throws -> Answer {
    do {
      let body = try await reader.body(of: head, atMost: maximumRequestBytes)
      return try await answer(
        IncomingRequest(
          method: head.method, path: head.path, contentType: head.field("content-type"), soapAction: head.field("soapaction"), body: body))
    } catch is HTTPReader.EndlessBody {
      return .nothing("-> closed, the request does not end")
    } catch let violation as HTTPViolation {
      throw violation
    } catch {
      return .xml(
        500, Array(ResponseEnvelope.fault(code: "Server", text: "internal error").utf8), "-> 500 internal error: \(error)")
    }
  }

  /// - Returns: whether the connection is good for another request.
  private func send(_ answer: Answer, to head: HTTPHead, over socket: AsyncSocket) async throws -> Bool {
    let header = Self.header(answer, isKeptAlive: head.isKeptAlive)
    let body = head.method == "HEAD" ? [] : answer.body
    switch answer.delivery {
    case .none: return false
    case .whole:
      // In one piece: a second small one would wait for the first to be acknowledged.
      try await socket.write(Data(header + body))
    case .slow(let pause):
      try await socket.write(Data(header))
      for start in stride(from: 0, to: body.count, by: 64) {
        try await Task.sleep(for: pause)
        try await socket.write(Data(body[start..<min(start + 64, body.count)]))
      }
    case .cutInHeader:
      try await socket.write(Data(header.prefix(header.count / 2)))
      return false
    case .cutInBody:
      try await socket.write(Data(header + body.prefix(body.count / 2)))
      return false
    }
    return head.isKeptAlive
  }

  private static func header(_ answer: Answer, isKeptAlive: Bool) -> [UInt8] {
    var text = "HTTP/1.1 \(answer.status) \(phrases[answer.status] ?? "Answer")\r\n"
    for field in answer.headers { text += "\(field.name): \(field.value)\r\n" }
    text += "Content-Length: \(answer.body.count)\r\nConnection: \(isKeptAlive ? "keep-alive" : "close")\r\n\r\n"
    return Array(text.utf8)
  }

  private static let phrases = [
    200: "OK", 302: "Found", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
    415: "Unsupported Media Type", 431: "Request Header Fields Too Large", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable",
  ]
}
