import HTTPSTransport
import TestSupport
import Testing

@Suite("Servers that misbehave")
struct HostileServerTests {
  private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"

  @Test("TRANSPORT-TIMEOUT: a server that never answers is given up; the request may have been sent")
  func silent() async throws {
    let server = try RawServer { $0.readToEnd() }
    let error = try await plainRefusal(server, totalTimeout: .milliseconds(300))
    #expect(error.rule == .timeout)
    #expect(error.requestMayHaveBeenSent)
    #expect(server.received.hasSuffix("<request/>"))
  }

  @Test("TRANSPORT-TIMEOUT: a body that comes byte by byte has the same limit")
  func slow() async throws {
    let server = try RawServer { connection in
      connection.readRequest()
      connection.write(Self.head + "Content-Length: 100000\r\n\r\n")
      while connection.write("x") { connection.pause() }
    }
    let error = try await plainRefusal(server, totalTimeout: .milliseconds(500))
    #expect(error.rule == .timeout)
    #expect(error.requestMayHaveBeenSent)
  }

  @Test("TRANSPORT-TIMEOUT: a TLS handshake that does not end falls under the limit for connecting, and nothing was sent")
  func handshake() async throws {
    let server = try RawServer { $0.readToEnd() }
    let error = try await refusal(.init(connectTimeout: .milliseconds(300)), "https://127.0.0.1:\(server.port)/")
    #expect(error.rule == .timeout)
    #expect(!error.requestMayHaveBeenSent)
  }

  @Test(
    "TRANSPORT-RESPONSE-SIZE: a long body is refused, announced or not",
    arguments: ["Content-Length: 5000\r\n", "Transfer-Encoding: chunked\r\n", ""])
  func oversize(framing: String) async throws {
    let server = try RawServer { connection in
      connection.readRequest()
      connection.write(Self.head + framing + "\r\n")
      if framing.hasPrefix("Transfer") {
        while connection.write("a\r\n0123456789\r\n") {}
      } else {
        connection.write(String(repeating: "0123456789", count: 500))
      }
    }
    let error = try await plainRefusal(server, limit: 4096)
    #expect(error.rule == .responseSize)
    #expect(error.message == "the response is longer than 4096 bytes")
    #expect(error.requestMayHaveBeenSent)
  }

  @Test("a response of exactly the limit is taken, head included")
  func limit() async throws {
    let text = Self.head + "Content-Length: 100\r\n\r\n" + String(repeating: "x", count: 100)
    let server = try RawServer { connection in
      connection.readRequest()
      connection.write(text)
    }
    let url = "http://127.0.0.1:\(server.port)/"
    let exact = try HTTPSTransport(.init(maximumResponseBytes: text.utf8.count, allowsPlainHTTPToLoopback: true))
    #expect(try await exact.post([], to: url, headers: []).body.count == 100)
    #expect(try await plainRefusal(server, limit: text.utf8.count - 1).rule == .responseSize)
  }

  @Test(
    "TRANSPORT-RESPONSE-SIZE: endless header fields, interim answers and trailers are refused",
    arguments: ["fields", "interim", "trailers"])
  func headerBomb(kind: String) async throws {
    let server = try RawServer { connection in
      connection.readRequest()
      switch kind {
      case "fields":
        connection.write(Self.head)
        while connection.write("X-Field: 0123456789012345678901234567890123456789\r\n") {}
      case "interim": while connection.write("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n") {}
      default:
        connection.write(Self.head + "Transfer-Encoding: chunked\r\n\r\n0\r\n")
        while connection.write("X-Field: 0123456789012345678901234567890123456789\r\n") {}
      }
    }
    let error = try await plainRefusal(server, limit: 16_384)
    #expect(error.rule == .responseSize)
    #expect(error.requestMayHaveBeenSent)
  }

  @Test("TRANSPORT-RESPONSE: one header line without an end is refused")
  func headerLine() async throws {
    let server = try RawServer { connection in
      connection.readRequest()
      connection.write("HTTP/1.1 200 OK\r\nX: ")
      while connection.write("0123456789012345678901234567890123456789") {}
    }
    let error = try await plainRefusal(server)
    #expect([.response, .responseSize, .library].contains(error.rule))
    #expect(error.requestMayHaveBeenSent)
  }

  @Test(
    "TRANSPORT-RESPONSE: a connection that ends before the response does gives none",
    arguments: [
      "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
      "HTTP/1.1 200 OK\r\nContent-Le", "220 mail.example ESMTP\r\n", "\u{0}\u{1}\u{2}",
    ])
  func early(answer: String) async throws {
    let server = try RawServer { connection in
      connection.readRequest()
      connection.write(answer)
    }
    let error = try await plainRefusal(server)
    #expect(error.rule == .response)
    #expect(error.requestMayHaveBeenSent)
  }

  @Test(
    "TRANSPORT-RESPONSE: a connection that is reset, before or after the request was read, may have carried it", arguments: [true, false])
  func reset(readsRequest: Bool) async throws {
    let server = try RawServer { connection in
      // Not before something has arrived: a reset in the middle of connecting would be a server that cannot be reached.
      if readsRequest { connection.readRequest() } else { connection.awaitRequest() }
      connection.reset()
    }
    let error = try await plainRefusal(server)
    #expect(error.rule == .response)
    #expect(error.requestMayHaveBeenSent)
  }

  @Test("TRANSPORT-TLS: a connection that ends inside the handshake has not carried the request")
  func handshakeCut() async throws {
    let server = try RawServer { _ = $0.read() }
    let error = try await refusal(.init(), "https://127.0.0.1:\(server.port)/")
    #expect(error.rule == .tls)
    #expect(!error.requestMayHaveBeenSent)
    #expect(!server.received.contains("<request/>"))
  }

  @Test("TRANSPORT-TLS: a server that answers TLS with plain text has not got the request")
  func plainAnswer() async throws {
    let server = try RawServer { connection in
      _ = connection.read()
      connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
    }
    let error = try await refusal(.init(), "https://127.0.0.1:\(server.port)/")
    #expect(error.rule == .tls)
    #expect(!error.requestMayHaveBeenSent)
  }

  @Test("TRANSPORT-UNREACHABLE: a closed port is named, and nothing was sent")
  func closedPort() async throws {
    let port = try LoopbackSocket.freePort()
    let error = try await refusal(.init(), "https://127.0.0.1:\(port)/service?x=1")
    #expect(error.rule == .unreachable)
    #expect(error.operation == "post to https://127.0.0.1:\(port)/service")
    #expect(error.message.contains("\(port)"))
    #expect(!error.requestMayHaveBeenSent)
  }

  @Test("TRANSPORT-UNREACHABLE: a name that does not exist is named, and nothing was sent")
  func unknownName() async throws {
    let error = try await refusal(.init(totalTimeout: .seconds(20)), "https://no-such-host.invalid/")
    // A machine without a name server may take its time to say so.
    #expect([.unreachable, .timeout].contains(error.rule))
    #expect(!error.requestMayHaveBeenSent)
  }

  @Test("TRANSPORT-CANCELLED: cancelling the task ends the exchange at once, whatever the server does", arguments: [true, false])
  func cancellation(tls: Bool) async throws {
    let server = try RawServer { $0.readToEnd() }
    let transport = try HTTPSTransport(
      .init(connectTimeout: .seconds(600), totalTimeout: .seconds(600), allowsPlainHTTPToLoopback: true))
    let task = Task {
      try await transport.post(Array("<request/>".utf8), to: "\(tls ? "https" : "http")://127.0.0.1:\(server.port)/", headers: [])
    }
    try await eventually("the first bytes") { server.received.isEmpty ? nil : () }
    task.cancel()
    let error = try await #require(throws: HTTPSTransportError.self) { _ = try await task.value }
    #expect(error.rule == .cancelled)
    #expect(error.underlying is CancellationError)
    #expect(error.requestMayHaveBeenSent == !tls)
  }

  @Test("TRANSPORT-CANCELLED: a task that is cancelled before it begins sends nothing")
  func cancelledBefore() async throws {
    let server = try RawServer { $0.readToEnd() }
    let transport = try HTTPSTransport(.init(allowsPlainHTTPToLoopback: true))
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await transport.post([1], to: "http://127.0.0.1:\(server.port)/", headers: [])
    }
    task.cancel()
    let error = try await #require(throws: HTTPSTransportError.self) { _ = try await task.value }
    #expect(error.rule == .cancelled)
    #expect(!error.requestMayHaveBeenSent)
    #expect(server.connections == 0)
  }
}
