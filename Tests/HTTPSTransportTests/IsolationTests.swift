import Foundation
import HTTPSTransport
import TestSupport
import Testing

@Suite("What decides about a connection")
struct IsolationTests {
  @Test(
    "TRANSPORT-URL: anything but an absolute https URL is refused",
    arguments: [
      "", "example.org", "//example.org/", "/path", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "https://",
      "https:///path",
      "https://user@example.org/", "https://user:774411@example.org/", "https://example.org/#part", "https://example.org/a b",
      "https://exämple.org/",
      "https://example.org:99999/", "https://exa\u{0}mple.org/", "https://example.org/\r\nX: y",
    ])
  func badAddress(url: String) async throws {
    let error = try await refusal(.init(allowsPlainHTTPToLoopback: true), url)
    #expect(error.rule == .url)
    #expect(!error.requestMayHaveBeenSent)
    #expect(!"\(error)".contains("774411"))
  }

  @Test(
    "TRANSPORT-PLAIN-HTTP: plain http needs a setting",
    arguments: ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://example.org/"])
  func plainNotAllowed(url: String) async throws {
    #expect(try await refusal(.init(), url).rule == .plainHTTP)
  }

  @Test(
    "TRANSPORT-PLAIN-HTTP: and even then it stays on this machine",
    arguments: [
      "http://example.org/", "http://10.0.0.1/", "http://127.0.0.1.example.org/", "http://128.0.0.1/", "http://localhost.example.org/",
      "http://[::2]/",
      "http://0.0.0.0/", "http://[::ffff:10.0.0.1]/", "http://127.example.org/",
    ])
  func plainElsewhere(url: String) async throws {
    let error = try await refusal(.init(allowsPlainHTTPToLoopback: true), url)
    #expect(error.rule == .plainHTTP)
    #expect(!error.requestMayHaveBeenSent)
  }

  @Test(
    "plain http is spoken with the loopback interface when the configuration says so",
    arguments: ["127.0.0.1", "localhost", "LOCALHOST", "127.0.0.001"])
  func plainLoopback(host: String) async throws {
    let server = try RawServer { connection in
      connection.readRequest()
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    }
    let transport = try HTTPSTransport(.init(allowsPlainHTTPToLoopback: true))
    let response = try await transport.post([], to: "http://\(host):\(server.port)/", headers: [])
    #expect(response == HTTPResponse(status: 200, contentType: nil, body: Array("ok".utf8)))
  }

  @Test(
    "TRANSPORT-HEADER: a field cannot break out of its line, nor take the place of one of the transport's",
    arguments: [
      ("X\r\nY", "z"), ("X", "y\r\nInjected: z"), ("X", "y\nz"), ("X", "y\u{0}"), ("", "y"), ("X Y", "z"), ("X:", "y"), ("Ü", "y"),
      ("Host", "other.example"), ("content-length", "1"), ("Transfer-Encoding", "chunked"), ("Expect", "100-continue"),
    ])
  func badField(name: String, value: String) async throws {
    let server = try RawServer { $0.readToEnd() }
    let error = try await refusal(
      .init(allowsPlainHTTPToLoopback: true), "http://127.0.0.1:\(server.port)/", headers: [(name: name, value: value)])
    #expect(error.rule == .header)
    #expect(server.connections == 0)
  }

  @Test("TRANSPORT-HEADER: the user agent stays on its line, too")
  func badAgent() throws {
    #expect(try #require(throws: HTTPSTransportError.self) { try HTTPSTransport(.init(userAgent: "a\r\nX: y")) }.rule == .header)
  }

  @Test("a field without a value is sent as such")
  func emptyField() async throws {
    let server = try RawServer { connection in
      connection.readRequest()
      connection.write("HTTP/1.1 204 None\r\n\r\n")
    }
    let transport = try HTTPSTransport(.init(allowsPlainHTTPToLoopback: true))
    #expect(try await transport.post([], to: "http://127.0.0.1:\(server.port)/", headers: [("SOAPAction", "")]).status == 204)
    #expect(server.received.contains("\r\nSOAPAction:\r\n"))
  }

  @Test("TRANSPORT-LIBRARY: limits of nothing are refused, not taken as none")
  func limits() throws {
    for configuration in [
      HTTPSTransport.Configuration(connectTimeout: .zero), .init(totalTimeout: .seconds(-1)), .init(maximumResponseBytes: 0),
    ] {
      #expect(try #require(throws: HTTPSTransportError.self) { try HTTPSTransport(configuration) }.rule == .library)
    }
  }

  @Test(
    "TRANSPORT-PROXY: a proxy is http://host:port and nothing more",
    arguments: [
      "", "proxy", "https://proxy:3128", "socks5://proxy:1080", "http://user:774411@proxy:3128", "http://proxy:3128/path",
    ])
  func badProxy(text: String) throws {
    let error = try #require(throws: HTTPSTransportError.self) { try HTTPSTransport(.init(proxy: text)) }
    #expect(error.rule == .proxy)
    #expect(!"\(error)".contains("774411"))
  }

  @Test("the configured proxy is asked for a tunnel and sees neither head nor body")
  func proxy() async throws {
    let server = try await NginxServer()
    let proxy = try TunnelingProxy()
    let transport = try HTTPSTransport(.init(trust: .file(server.authority.certificatePath), proxy: "http://127.0.0.1:\(proxy.port)"))
    let response = try await transport.post(Array("<request/>".utf8), to: server.address + "/ok", headers: [])
    #expect(response.status == 200)
    #expect(proxy.requests == ["CONNECT localhost:\(server.port) HTTP/1.1"])
  }

  @Test("TRANSPORT-PROXY: a proxy that refuses is named, and nothing was sent", arguments: [403, 407, 502])
  func refusingProxy(status: Int) async throws {
    let proxy = try RawServer { connection in
      connection.readRequest()
      connection.write("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }
    let error = try await refusal(.init(proxy: "http://127.0.0.1:\(proxy.port)"), "https://service.example/path")
    #expect(error.rule == .proxy)
    #expect(error.message.contains("\(status)"))
    #expect(!error.requestMayHaveBeenSent)
    #expect(!proxy.received.contains("<request/>"))
  }

  @Test("neither the environment nor files at home have a say: proxy variables, .netrc, .curlrc")
  func surroundings() async throws {
    let server = try await NginxServer()
    let home = try TemporaryFolder()
    try home.write("machine localhost login user password 774411\n".utf8, to: ".netrc")
    try home.write("proxy = http://127.0.0.1:9\n".utf8, to: ".curlrc")
    let dead = "http://127.0.0.1:9"
    let result = try await run(
      BuiltProduct.path("transport-probe"), [server.authority.certificatePath, server.address + "/seen"],
      environment: [
        "HOME": home.path, "NETRC": home.path(".netrc"), "CURL_HOME": home.path, "http_proxy": dead, "https_proxy": dead,
        "HTTPS_PROXY": dead,
        "all_proxy": dead, "ALL_PROXY": dead, "CURL_CA_BUNDLE": "/nonexistent", "SSL_CERT_FILE": "/nonexistent",
      ])
    #expect(result.standardError == "")
    #expect(result.standardOutput.contains("authorization= "))
    #expect(result.exitCode == 0)
  }

  @Test("nothing of a request stays in the memory that the HTTP and TLS libraries gave back")
  func memory() async throws {
    let server = try await NginxServer()
    let result = try await run(
      BuiltProduct.path("transport-probe"), [server.authority.certificatePath, server.address + "/ok", "--search-memory"])
    #expect(result.standardError == "")
    #expect(result.standardOutput == "<ok/>\nwhile the body lives: found\nafterwards: 0\n")
  }
}

/// A proxy that knows `CONNECT` and nothing else.
private final class TunnelingProxy: Sendable {
  private let server: RawServer
  var port: Int { server.port }
  var requests: [String] { server.received.split(separator: "\r\n").filter { $0.contains("HTTP/1.") }.map(String.init) }

  init() throws {
    server = try RawServer { connection in
      let head = connection.readRequest()
      guard let target = head.split(separator: " ").dropFirst().first?.split(separator: ":").last.flatMap({ Int($0) }) else { return }
      connection.write("HTTP/1.1 200 Go\r\n\r\n")
      connection.tunnel(to: target)
    }
  }
}
