import HTTPSTransport
import TestSupport
import Testing

@Suite("Connecting without a request")
struct ConnectTests {
  @Test("makes the connection, accepts the certificate, and sends nothing")
  func connection() async throws {
    let server = try await NginxServer()
    let transport = try HTTPSTransport(.init(trust: .file(server.authority.certificatePath)))
    try await transport.connect(to: server.address + "/ok")
    _ = try await transport.post([], to: server.address + "/later", headers: [("Content-Type", "text/xml")])
    #expect(!server.accessLog.contains("/ok"), "\(server.accessLog)")
  }

  @Test("a certificate that is not trusted, and a server that is not there, are told as for a request")
  func refusals() async throws {
    let server = try await NginxServer()
    let stranger = await #expect(throws: HTTPSTransportError.self) { try await HTTPSTransport(.init()).connect(to: server.address + "/ok") }
    #expect(stranger?.rule == .certificate)
    #expect(stranger?.requestMayHaveBeenSent == false)
    let absent = await #expect(throws: HTTPSTransportError.self) { try await HTTPSTransport(.init()).connect(to: "https://127.0.0.1:1/") }
    #expect(absent?.rule == .unreachable)
    let plain = await #expect(throws: HTTPSTransportError.self) { try await HTTPSTransport(.init()).connect(to: "http://127.0.0.1:1/") }
    #expect(plain?.rule == .plainHTTP)
  }
}
