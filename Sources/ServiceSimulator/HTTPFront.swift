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
    let line = "\(PlainText.of(request.method.rawValue)) \(PlainText.of(request.path))"
    let answer: Answer
    do {
      let body = try await Self.read(request.bodySequence, atMost: maximumRequestBytes)
      answer = try await self.answer(
        IncomingRequest(
          method: request.method.rawValue, path: request.path, contentType: request.headers[.contentType],
          soapAction: request.headers[HTTPHeader("SOAPAction")], body: body))
    } catch is EndlessBody {
      answer = .nothing("-> closed, the request does not end")
    } catch {
      answer = .xml(
        500, Array(ResponseEnvelope.fault(code: "Server", text: "internal error").utf8), "-> 500 internal error: \(error)")
    }
    if answer.isLogged { log("\(line) \(answer.note)") }
    if let silence = answer.silence {
      do { try await Task.sleep(for: silence) } catch {
        // The simulator stops: a connection that hangs just ends.
        return Self.response(.nothing(""))
      }
    }
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
    var headers = HTTPHeaders()
    for header in answer.headers { headers[HTTPHeader(header.name)] = header.value }
    let status = HTTPStatusCode(answer.status, phrase: phrases[answer.status] ?? "Answer")
    switch answer.delivery {
    case .whole: return HTTPResponse(statusCode: status, headers: headers, body: Data(answer.body))
    // A handshake that fails before it writes anything is how this server closes a connection without an answer.
    case .none, .cutInHeader: return HTTPResponse(headers: [:], webSocket: ClosedConnection())
    case .slow(let pause): return pieces(status, headers, answer.body, SlowBody(bytes: answer.body, piece: 64, pause: pause))
    case .cutInBody:
      let half = Array(answer.body.prefix(answer.body.count / 2))
      return pieces(status, headers, answer.body, SlowBody(bytes: half, piece: half.count, pause: .zero, isCut: true))
    }
  }

  private static func pieces(_ status: HTTPStatusCode, _ headers: HTTPHeaders, _ body: [UInt8], _ slow: SlowBody) -> HTTPResponse {
    HTTPResponse(
      statusCode: status, headers: headers, body: HTTPBodySequence(from: slow, count: body.count, suggestedBufferSize: slow.piece))
  }

  private static let phrases = [
    200: "OK", 302: "Found", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large", 415: "Unsupported Media Type",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
  ]
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
  var isCut = false

  func makeAsyncIterator() -> Iterator { Iterator(rest: bytes[...], piece: piece, pause: pause, isCut: isCut) }

  struct Iterator: AsyncBufferedIteratorProtocol {
    var rest: ArraySlice<UInt8>
    let piece: Int
    let pause: Duration
    let isCut: Bool

    mutating func next() async throws -> UInt8? { rest.popFirst() }

    mutating func nextBuffer(suggested count: Int) async throws -> ArraySlice<UInt8>? {
      guard !rest.isEmpty else {
        // An error is how this server breaks a connection off.
        if isCut { throw SocketError.disconnected }
        return nil
      }
      try await Task.sleep(for: pause)
      let next = rest.prefix(Swift.min(piece, Swift.max(count, 1)))
      rest = rest.dropFirst(next.count)
      return next
    }
  }
}
