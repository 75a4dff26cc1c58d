import FlyingFox
import FlyingSocks
import Foundation

/// The HTTP server in front of the service: plain HTTP on the loopback network.
struct HTTPFront: HTTPHandler {
  let maximumRequestBytes: Int
  let log: @Sendable (String) -> Void
  /// The service, once it is ready.
  let answer: @Sendable (IncomingRequest) async throws -> Answer

  func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
    let answer: Answer
    do {
      let body = try await Self.read(request.bodySequence, atMost: maximumRequestBytes)
      answer = try await self.answer(
        IncomingRequest(
          method: request.method.rawValue, path: request.path, contentType: request.headers[.contentType],
          soapAction: request.headers[HTTPHeader("SOAPAction")], body: body))
    } catch is CancellationError {
      // The simulator stops: a connection that hangs just ends.
      answer = .nothing("-> closed, the simulator stops")
    } catch is EndlessBody {
      answer = .nothing("-> closed, the request does not end")
    } catch {
      answer = .xml(
        500, Array(ResponseEnvelope.fault(code: "Server", text: "internal error").utf8), "-> 500 internal error: \(error)")
    }
    log("\(Self.printable(request.method.rawValue)) \(Self.printable(request.path)) \(answer.note)")
    return Self.response(answer)
  }

  /// A body that is too large even to be thrown away.
  private struct EndlessBody: Error {}

  /// The whole body, or nothing when it is larger than allowed. Then it is read to its end all the same: what is left on the connection
  /// would be taken for the next request.
  private static func read(_ sequence: HTTPBodySequence, atMost limit: Int) async throws -> [UInt8]? {
    var bytes: [UInt8] = []
    var count = 0
    for try await piece in sequence {
      count += piece.count
      guard count <= 256 * limit else { throw EndlessBody() }
      if count <= limit { bytes += piece } else { bytes = [] }
    }
    return count <= limit ? bytes : nil
  }

  private static func response(_ answer: Answer) -> HTTPResponse {
    // A handshake that fails before it writes anything is how this server closes a connection without an answer.
    if answer.isNothing { return HTTPResponse(headers: [:], webSocket: ClosedConnection()) }
    var headers = HTTPHeaders()
    for header in answer.headers { headers[HTTPHeader(header.name)] = header.value }
    let status = HTTPStatusCode(answer.status, phrase: phrases[answer.status] ?? "Answer")
    guard let pause = answer.pause else { return HTTPResponse(statusCode: status, headers: headers, body: Data(answer.body)) }
    let slow = SlowBody(bytes: answer.body, piece: 64, pause: pause)
    return HTTPResponse(
      statusCode: status, headers: headers, body: HTTPBodySequence(from: slow, count: answer.body.count, suggestedBufferSize: 64))
  }

  private static let phrases = [
    200: "OK", 302: "Found", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large", 415: "Unsupported Media Type",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
  ]

  private static func printable(_ text: String) -> String {
    String(text.unicodeScalars.prefix(120).map { $0.isASCII && $0.value > 0x20 && $0.value < 0x7f ? Character($0) : "?" })
  }
}

/// Refuses to speak, so that the connection closes with nothing sent.
private struct ClosedConnection: WSHandler {
  struct Refusal: Error {}

  func makeFrames(for client: AsyncThrowingStream<WSFrame, any Error>) async throws -> AsyncStream<WSFrame> { throw Refusal() }
}

/// A body that comes in small pieces with pauses between them.
private struct SlowBody: AsyncBufferedSequence {
  typealias Element = UInt8

  let bytes: [UInt8]
  let piece: Int
  let pause: Duration

  func makeAsyncIterator() -> Iterator { Iterator(rest: bytes[...], piece: piece, pause: pause) }

  struct Iterator: AsyncBufferedIteratorProtocol {
    var rest: ArraySlice<UInt8>
    let piece: Int
    let pause: Duration

    mutating func next() async throws -> UInt8? { rest.popFirst() }

    mutating func nextBuffer(suggested count: Int) async throws -> ArraySlice<UInt8>? {
      guard !rest.isEmpty else { return nil }
      try await Task.sleep(for: pause)
      let next = rest.prefix(Swift.min(piece, Swift.max(count, 1)))
      rest = rest.dropFirst(next.count)
      return next
    }
  }
}
