import FlyingSocks

/// The head of an HTTP/1.1 request (RFC 9112): its first line and its header fields.
struct HTTPHead: Sendable {
  let method: String
  /// Without its query.
  let path: String
  let isVersion11: Bool
  /// By their names in lower case; several of one name in their order.
  let fields: [String: [String]]

  func field(_ name: String) -> String? { fields[name]?.first }

  /// Whether the client wants to go on using the connection.
  var isKeptAlive: Bool {
    let options = (fields["connection"] ?? []).flatMap { $0.lowercased().split { $0 == "," || $0 == " " } }
    return isVersion11 ? !options.contains("close") : options.contains("keep-alive")
  }

  var wantsContinue: Bool { field("expect")?.lowercased() == "100-continue" }
}

/// What is no HTTP, or more of it than anybody needs. The connection ends.
struct HTTPViolation: Error {
  let status: Int
  let message: String
}

/// Reads requests from a connection, one after the other.
struct HTTPReader {
  private let socket: AsyncSocket
  private var buffer: [UInt8] = []
  private var start = 0

  private static let maximumHeadBytes = 32_768
  private static let maximumLineBytes = 256

  init(socket: AsyncSocket) { self.socket = socket }

  /// - Returns: nothing where the client has closed the connection between two requests.
  /// - Throws: ``HTTPViolation``, or the socket's error.
  mutating func head() async throws -> HTTPHead? {
    while true {
      while start < buffer.count, buffer[start] == 0x0d || buffer[start] == 0x0a { start += 1 }
      if let end = endOfHead() {
        let text = String(decoding: buffer[start..<end], as: UTF8.self)
        start = end + 4
        return try Self.parse(text)
      }
      guard buffer.count - start <= Self.maximumHeadBytes else { throw HTTPViolation(status: 431, message: "the header is too large") }
      guard try await fill() else {
        guard start == buffer.count else { throw HTTPViolation(status: 400, message: "the header is cut off") }
        return nil
      }
    }
  }

  /// The whole body, or nothing when it is larger than allowed. Then it is read to its end all the same: what is left on the connection
  /// would be taken for the next request.
  ///
  /// - Throws: ``EndlessBody`` where it is too large even to be thrown away.
  mutating func body(of head: HTTPHead, atMost limit: Int) async throws -> [UInt8]? {
    var body = Body(limit: limit)
    if let coding = head.fields["transfer-encoding"] {
      guard coding.map({ $0.lowercased() }) == ["chunked"], head.fields["content-length"] == nil else {
        throw HTTPViolation(status: 400, message: "the body's length cannot be told")
      }
      while true {
        let line = try await readLine()
        guard let digits = line.prefixMatch(of: /[0-9A-Fa-f]{1,8}/)?.output, let size = Int(digits, radix: 16) else {
          throw HTTPViolation(status: 400, message: "a chunk has no size")
        }
        guard size > 0 else { break }
        try await take(size, into: &body)
        guard try await readLine().isEmpty else { throw HTTPViolation(status: 400, message: "a chunk does not end") }
      }
      while try await !readLine().isEmpty {}
    } else if let lengths = head.fields["content-length"] {
      guard lengths.count == 1, lengths[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(lengths[0]) else {
        throw HTTPViolation(status: 400, message: "the body's length cannot be told")
      }
      try await take(length, into: &body)
    }
    return body.count <= limit ? body.bytes : nil
  }

  /// A body that is too large even to be thrown away.
  struct EndlessBody: Error {}

  private struct Body {
    let limit: Int
    var bytes: [UInt8] = []
    var count = 0

    mutating func add(_ piece: ArraySlice<UInt8>) throws {
      count += piece.count
      guard count <= 256 * limit else { throw EndlessBody() }
      if count <= limit { bytes += piece } else { bytes = [] }
    }
  }

  private mutating func take(_ length: Int, into body: inout Body) async throws {
    var rest = length
    while rest > 0 {
      if start == buffer.count, try await !fill() { throw HTTPViolation(status: 400, message: "the body is cut off") }
      let piece = buffer[start..<min(buffer.count, start + rest)]
      try body.add(piece)
      start += piece.count
      rest -= piece.count
    }
  }

  /// A line without its end.
  private mutating func readLine() async throws -> String {
    var end = start
    while true {
      while end + 1 < buffer.count {
        if buffer[end] == 0x0d, buffer[end + 1] == 0x0a {
          defer { start = end + 2 }
          return String(decoding: buffer[start..<end], as: UTF8.self)
        }
        end += 1
      }
      let passed = end - start
      guard passed <= Self.maximumLineBytes, try await fill() else {
        throw HTTPViolation(status: 400, message: "a line of the body does not end")
      }
      end = start + passed
    }
  }

  private func endOfHead() -> Int? {
    guard buffer.count - start >= 4 else { return nil }
    return (start...(buffer.count - 4)).first {
      buffer[$0] == 0x0d && buffer[$0 + 1] == 0x0a && buffer[$0 + 2] == 0x0d && buffer[$0 + 3] == 0x0a
    }
  }

  /// - Returns: whether there was more.
  private mutating func fill() async throws -> Bool {
    if start > 0 {
      buffer.removeFirst(start)
      start = 0
    }
    do {
      let more = try await socket.read(atMost: 4096)
      buffer += more
      return !more.isEmpty
    } catch SocketError.disconnected {
      return false
    }
  }

  private static func parse(_ text: String) throws -> HTTPHead {
    // A carriage return and a line feed are one Character.
    var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
    let first = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
    guard first.count == 3, first[2] == "HTTP/1.1" || first[2] == "HTTP/1.0", first[1].hasPrefix("/"), !first[0].isEmpty else {
      throw HTTPViolation(status: 400, message: "the first line is no HTTP request")
    }
    var fields: [String: [String]] = [:]
    for line in lines {
      guard let colon = line.firstIndex(of: ":"), colon > line.startIndex, !line[..<colon].contains(where: \.isWhitespace) else {
        throw HTTPViolation(status: 400, message: "a header field has no name")
      }
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      let trimmed = String(value.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
      fields[line[..<colon].lowercased(), default: []].append(trimmed)
    }
    return HTTPHead(
      method: String(first[0]), path: String(first[1].prefix { $0 != "?" }), isVersion11: first[2] == "HTTP/1.1", fields: fields)
  }
}
