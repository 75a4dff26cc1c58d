import HTTPSTransport
import TestSupport
import Testing

@Suite("A GET for a public file")
struct GetTests {
  private func server(_ answer: String) throws -> RawServer {
    try RawServer { connection in
      connection.readRequest()
      connection.write(answer)
    }
  }

  private func refusal(
    _ url: String, limit: Int = 1 << 20, plain: Bool = true
  ) async throws -> HTTPSTransportError {
    try await #require(throws: HTTPSTransportError.self) {
      _ = try await HTTPSTransport(.init(maximumResponseBytes: limit)).get(url, allowsPlainHTTP: plain)
    }
  }

  @Test("brings back the body, over plain http where that is allowed, and sends no body and no field beyond what it must")
  func answer() async throws {
    let server = try server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde")
    let response = try await HTTPSTransport(.init()).get("http://127.0.0.1:\(server.port)/crl/x.crl?y", allowsPlainHTTP: true)
    #expect(response.body == Array("abcde".utf8))
    let lines = server.received.split(separator: "\r\n").map(String.init)
    #expect(lines.first == "GET /crl/x.crl?y HTTP/1.1")
    #expect(Set(lines.dropFirst().compactMap { $0.split(separator: ":").first.map(String.init) }) == ["Host", "User-Agent", "Accept"])
  }

  @Test("over TLS, from a server whose certificate is trusted")
  func secure() async throws {
    let server = try await NginxServer()
    let transport = try HTTPSTransport(.init(trust: .file(server.authority.certificatePath)))
    #expect(try await transport.get(server.address + "/ok").body == Array("<ok/>".utf8))
    let error = try await #require(throws: HTTPSTransportError.self) { _ = try await HTTPSTransport(.init()).get(server.address + "/ok") }
    #expect(error.rule == .certificate)
  }

  @Test("TRANSPORT-PLAIN-HTTP, TRANSPORT-URL: plain http only where it is allowed, and nothing but http and https")
  func addresses() async throws {
    #expect(try await refusal("http://127.0.0.1:1/x", plain: false).rule == .plainHTTP)
    #expect(try await refusal("http://example.org/x", plain: false).rule == .plainHTTP)
    for url in ["file:///etc/passwd", "ftp://example.org/x", "ldap://example.org/x", "http://user@example.org/x", "x.crl", ""] {
      #expect(try await refusal(url).rule == .url)
    }
    try HTTPSTransport(.init()).check(addressToGet: "http://crl.example.org/x.crl", allowsPlainHTTP: true)
  }

  @Test("TRANSPORT-REDIRECT, TRANSPORT-RESPONSE, TRANSPORT-RESPONSE-SIZE: only a whole answer of status 200 within the limit")
  func answers() async throws {
    for (answer, rule) in [
      ("HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\nContent-Length: 0\r\n\r\n", TransportRule.redirect),
      ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", .response), ("HTTP/1.1 204 No Content\r\n\r\n", .response),
      ("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc", .response),
      ("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", .responseSize),
      ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 5000), .responseSize),
    ] {
      let server = try server(answer)
      #expect(try await refusal("http://127.0.0.1:\(server.port)/x", limit: 1000).rule == rule)
    }
  }
}
