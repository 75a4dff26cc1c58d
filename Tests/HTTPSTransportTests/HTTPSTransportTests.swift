import Foundation
import HTTPSTransport
import TestSupport
import Testing

/// The error that a request ends with.
func refusal(
  _ configuration: HTTPSTransport.Configuration, _ url: String, body: [UInt8] = Array("<request/>".utf8),
  headers: [(name: String, value: String)] = []
) async throws -> HTTPSTransportError {
  try await #require(throws: HTTPSTransportError.self) {
    _ = try await HTTPSTransport(configuration).post(body, to: url, headers: headers)
  }
}

/// The error, for a plain http server on this machine.
func plainRefusal(_ server: RawServer, totalTimeout: Duration = .seconds(60), limit: Int = 1 << 20) async throws -> HTTPSTransportError {
  try await refusal(
    .init(totalTimeout: totalTimeout, maximumResponseBytes: limit, allowsPlainHTTPToLoopback: true),
    "http://127.0.0.1:\(server.port)/service")
}

@Suite("A POST to a real nginx")
struct PostTests {
  private let xml: [(name: String, value: String)] = [("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", "\"\"")]

  @Test("brings back status, content type and body")
  func answer() async throws {
    let server = try await NginxServer()
    let transport = try HTTPSTransport(.init(trust: .file(server.authority.certificatePath)))
    let response = try await transport.post(Array("<request/>".utf8), to: server.address + "/ok", headers: xml)
    #expect(response == HTTPResponse(status: 200, contentType: "text/xml", body: Array("<ok/>".utf8)))
    // The line is written when nginx is done with the request, which may be after we are.
    for _ in 0..<200 where server.accessLog.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
    #expect(server.accessLog.hasPrefix("POST /ok 200 "))
  }

  @Test(
    "sends the caller's fields and nothing of its own making: no cookie, no credentials, no Expect, HTTP/1.1, TLS 1.2 or later",
    arguments: ["TLSv1.2", "TLSv1.3"])
  func request(version: String) async throws {
    let server = try await NginxServer(protocols: version)
    let transport = try HTTPSTransport(.init(trust: .file(server.authority.certificatePath), userAgent: "hsmkey/1.0"))
    // The first answer sets a cookie; a body over a megabyte is where HTTP libraries like to wait for permission.
    for size in [10, 2_000_000] {
      let response = try await transport.post([UInt8](repeating: 0x20, count: size), to: server.address + "/seen", headers: xml)
      if size > 1 << 20 {
        #expect(response.status == 413)
      } else {
        #expect(
          String(decoding: response.body, as: UTF8.self)
            == "POST HTTP/1.1 \(version) type=text/xml; charset=utf-8 length=\(size) cookie= authorization= expect= "
            + "agent=hsmkey/1.0 soap=\"\" encoding="
        )
      }
    }
    let again = try await transport.post([], to: server.address + "/seen", headers: [])
    #expect(String(decoding: again.body, as: UTF8.self).contains("type= length=0 cookie= authorization="))
  }

  @Test("any status but a redirection is an answer: an HTML page with 502")
  func badGateway() async throws {
    let server = try await NginxServer()
    let transport = try HTTPSTransport(.init(trust: .file(server.authority.certificatePath)))
    let response = try await transport.post([], to: server.address + "/status/502", headers: xml)
    #expect(response.status == 502)
    #expect(response.contentType == "text/html")
    #expect(String(decoding: response.body, as: UTF8.self).contains("Bad gateway"))
  }

  @Test("nginx in front of an upstream hands requests and answers on as they are")
  func upstream() async throws {
    let upstream = try RawServer { connection in
      connection.readRequest()
      connection.write(
        "HTTP/1.1 500 Oops\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a>\r\n4\r\n</a>\r\n0\r\n\r\n")
    }
    let server = try await NginxServer(upstream: upstream.port)
    let transport = try HTTPSTransport(.init(trust: .file(server.authority.certificatePath)))
    let body = String(repeating: "0123456789", count: 30_000)
    let response = try await transport.post(Array(body.utf8), to: server.address + "/a/b", headers: xml)
    #expect(response == HTTPResponse(status: 500, contentType: "text/xml", body: Array("<a></a>".utf8)))
    #expect(upstream.received.hasPrefix("POST /a/b HTTP/1.1\r\n"))
    #expect(upstream.received.hasSuffix("\r\n\r\n" + body))
  }

  @Test("TRANSPORT-REDIRECT: is refused with the status and the host it points to")
  func redirect() async throws {
    let server = try await NginxServer()
    let error = try await refusal(.init(trust: .file(server.authority.certificatePath)), server.address + "/redirect")
    #expect(error.rule == .redirect)
    #expect(error.message == "the server answered with status 307, a redirection to elsewhere.example")
    #expect(error.requestMayHaveBeenSent)
  }

  @Test("many at once do not disturb each other")
  func concurrent() async throws {
    let server = try await NginxServer()
    let transport = try HTTPSTransport(.init(trust: .file(server.authority.certificatePath)))
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<40 { group.addTask { try await transport.post([1, 2, 3], to: server.address + "/ok", headers: []).status } }
      for try await status in group { #expect(status == 200) }
    }
  }
}

@Suite("The server's identity")
struct IdentityTests {
  @Test("TRANSPORT-CERTIFICATE: a certificate from another CA is refused, and nothing is sent")
  func otherAuthority() async throws {
    let server = try await NginxServer()
    let other = try await NginxAuthority(name: "Another CA")
    let error = try await refusal(.init(trust: .file(other.certificatePath)), server.address + "/ok")
    #expect(error.rule == .certificate)
    #expect(error.message.contains("unable to get local issuer certificate") || error.message.contains("self-signed"))
    #expect(error.operation == "post to \(server.address)/ok")
    #expect(error.hint != nil)
    #expect(!error.requestMayHaveBeenSent)
    #expect(server.accessLog == "")
  }

  @Test("TRANSPORT-CERTIFICATE: the system's trust does not know the CA of a test")
  func systemTrust() async throws {
    let server = try await NginxServer()
    let error = try await refusal(.init(), server.address + "/ok")
    #expect(error.rule == .certificate)
    #expect(!error.requestMayHaveBeenSent)
    #expect(server.accessLog == "")
  }

  @Test(
    "TRANSPORT-CERTIFICATE: a name that the certificate does not have is refused",
    arguments: [["DNS:other.example"], ["IP:127.0.0.2"], ["DNS:*"]])
  func otherName(names: [String]) async throws {
    let server = try await NginxServer(names: names)
    let error = try await refusal(.init(trust: .file(server.authority.certificatePath)), server.address + "/ok")
    #expect(error.rule == .certificate)
    #expect(!error.requestMayHaveBeenSent)
    #expect(server.accessLog == "")
  }

  @Test("TRANSPORT-CERTIFICATE: an expired certificate is refused")
  func expired() async throws {
    let server = try await NginxServer(days: -1)
    let error = try await refusal(.init(trust: .file(server.authority.certificatePath)), server.address + "/ok")
    #expect(error.rule == .certificate)
    #expect(error.message.contains("expired"))
    #expect(!error.requestMayHaveBeenSent)
    #expect(server.accessLog == "")
  }

  @Test("TRANSPORT-TLS: a server that speaks TLS 1.1 at most is refused")
  func oldProtocol() async throws {
    let folder = try TemporaryFolder()
    let authority = try await NginxAuthority()
    let (certificate, key) = try await authority.server()
    let port = try LoopbackSocket.freePort()
    let (process, lifeline) = try ChildProcess.server(
      "openssl",
      ["s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate, "-key", key, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-www"],
      log: folder.path("log"))
    defer { withExtendedLifetime(lifeline) { process.end() } }
    try await eventually("openssl s_server") { LoopbackSocket.accepts(port) ? () : nil }
    // The server does work, for whoever still speaks that version.
    let old = try await run(
      "openssl",
      ["s_client", "-connect", "127.0.0.1:\(port)", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-CAfile", authority.certificatePath])
    #expect(old.standardOutput.contains("TLSv1.1"))
    let error = try await refusal(.init(trust: .file(authority.certificatePath)), "https://localhost:\(port)/")
    #expect(error.rule == .tls)
    #expect(!error.requestMayHaveBeenSent)
  }

  @Test(
    "TRANSPORT-TRUST: a file of trust anchors that is missing, or is none, is found at the start",
    arguments: ["missing", "empty", "text", "folder"])
  func trustFile(kind: String) throws {
    let folder = try TemporaryFolder()
    if kind == "empty" { try folder.write([], to: kind) }
    if kind == "text" { try folder.write("certificates".utf8, to: kind) }
    let error = try #require(throws: HTTPSTransportError.self) {
      try HTTPSTransport(.init(trust: .file(kind == "folder" ? folder.path : folder.path(kind))))
    }
    #expect(error.rule == .trust)
    #expect(!error.requestMayHaveBeenSent)
  }

  @Test("TRANSPORT-TRUST: a PEM block that is no certificate is no trust anchor")
  func brokenTrustFile() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8, to: "ca.pem")
    let server = try await NginxServer()
    let error = try await refusal(.init(trust: .file(path)), server.address + "/ok")
    #expect(error.rule == .trust)
    #expect(!error.requestMayHaveBeenSent)
  }
}
