import Foundation
import HTTPSTransport
import Synchronization
import TestSupport
import Testing

@Suite("A client with a certificate, at a real nginx")
struct ClientCertificateTests {
  private func transport(
    _ server: NginxServer, _ identity: ClientIdentity?, versions: ClosedRange<TLSVersion> = .tls12 ... .tls13,
    totalTimeout: Duration = .seconds(60)
  ) throws -> HTTPSTransport {
    try HTTPSTransport(
      .init(trust: .file(server.authority.certificatePath), versions: versions, totalTimeout: totalTimeout), identity: identity)
  }

  @Test(
    "is let in with the key of its certificate, which signs once, by the scheme that the version of TLS has for it",
    arguments: [
      ("rsa:2048", "TLSv1.2", "rsa_pss_rsae_sha256"), ("rsa:2048", "TLSv1.3", "rsa_pss_rsae_sha256"),
      ("rsa:3072", "TLSv1.3", "rsa_pss_rsae_sha256"), ("P-256", "TLSv1.2", "ecdsa_secp256r1_sha256"),
      ("P-256", "TLSv1.3", "ecdsa_secp256r1_sha256"), ("P-384", "TLSv1.2", "ecdsa_secp384r1_sha384"),
      ("P-384", "TLSv1.3", "ecdsa_secp384r1_sha384"), ("P-521", "TLSv1.3", "ecdsa_secp521r1_sha512"),
    ])
  func accepted(key: String, version: String, scheme: String) async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority, key: key)
    let server = try await NginxServer(authority: authority, protocols: version, clients: authority.certificatePath)
    let probe = try await transport(server, client.identity()).probe(server.address + "/client")
    #expect(probe.verdict == .accepted, "\(probe.reason)")
    #expect(probe.protocolVersion == version)
    #expect(probe.cipherSuite?.isEmpty == false)
    #expect(probe.signatureScheme?.rawValue == scheme)
    #expect(probe.status == 200)
    #expect(client.requests.map(\.scheme.rawValue) == [scheme])
    // A request of the service's kind, too.
    let response = try await transport(server, client.identity()).post([1], to: server.address + "/client", headers: [])
    #expect(String(decoding: response.body, as: UTF8.self) == "SUCCESS CN=client \(version)")
    #expect(client.requests.count == 2)
  }

  @Test(
    "signs by each scheme of RSA that it has and the server takes, and by no other",
    arguments: [
      ("rsa_pkcs1_sha256", "TLSv1.2"), ("rsa_pkcs1_sha384", "TLSv1.2"), ("rsa_pkcs1_sha512", "TLSv1.2"), ("rsa_pss_rsae_sha384", "TLSv1.2"),
      ("rsa_pss_rsae_sha512", "TLSv1.2"), ("rsa_pss_rsae_sha384", "TLSv1.3"), ("rsa_pss_rsae_sha512", "TLSv1.3"),
    ])
  func schemes(scheme: String, version: String) async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority, key: "rsa:2048")
    let server = try await NginxServer(authority: authority, protocols: version, clients: authority.certificatePath)
    let only = try #require(SignatureScheme(rawValue: scheme))
    let probe = try await transport(server, client.identity([only])).probe(server.address + "/ok")
    #expect(probe.verdict == .accepted, "\(probe.reason)")
    #expect(probe.signatureScheme == only)
    #expect(client.requests.map(\.scheme) == [only])
  }

  @Test("the version of TLS is the one that was chosen, where the server has both", arguments: TLSVersion.allCases)
  func chosenVersion(version: TLSVersion) async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath)
    let probe = try await transport(server, client.identity(), versions: version...version).probe(server.address + "/ok")
    #expect(probe.protocolVersion == version.rawValue)
    #expect(probe.verdict == .accepted)
  }

  @Test("TRANSPORT-TLS: a version that the server does not have gives no connection")
  func missingVersion() async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, protocols: "TLSv1.2", clients: authority.certificatePath)
    let error = await #expect(throws: HTTPSTransportError.self) {
      try await transport(server, client.identity(), versions: .tls13 ... .tls13).probe(server.address + "/ok")
    }
    #expect(error?.rule == .tls)
    #expect(client.requests.isEmpty)
  }

  @Test(
    "is refused with a certificate from elsewhere or an expired one, with the server's reason",
    arguments: [("elsewhere", "TLSv1.2"), ("elsewhere", "TLSv1.3"), ("expired", "TLSv1.2"), ("expired", "TLSv1.3")])
  func wrongCertificate(kind: String, version: String) async throws {
    let authority = try await NginxAuthority()
    let issuer = kind == "elsewhere" ? try await NginxAuthority(name: "Another CA") : authority
    let client = try await SoftwareClient(issuer, days: kind == "expired" ? -1 : 2)
    let server = try await NginxServer(authority: authority, protocols: version, clients: authority.certificatePath)
    let probe = try await transport(server, client.identity()).probe(server.address + "/client")
    #expect(probe.verdict == .refused)
    #expect(probe.reason == "the server answered with status 400 (400 The SSL certificate error)")
    #expect(client.requests.count == 1)
  }

  @Test("TRANSPORT-CLIENT-REFUSED: a server that refuses by an alert is told from one that is not there", arguments: TLSVersion.allCases)
  func alert(version: TLSVersion) async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(try await NginxAuthority(name: "Another CA"))
    let server = try await OpenSSLServer(authority, ["-Verify", "3", "-verify_return_error"])
    let transport = try HTTPSTransport(
      .init(trust: .file(authority.certificatePath), versions: version...version), identity: client.identity())
    let probe = try await transport.probe(server.address)
    #expect(probe.verdict == .refused)
    #expect(probe.reason == "the server ended the connection with the alert \"unknown CA, 48\"")
    #expect(probe.status == nil)
    // The same for a request that carries something.
    let error = await #expect(throws: HTTPSTransportError.self) { try await transport.post([1], to: server.address, headers: []) }
    #expect(error?.rule == .clientRefused)
    #expect(error?.message == "the server does not accept the client's certificate (alert: unknown CA, 48)")
    #expect(error?.requestMayHaveBeenSent == (version == .tls13))
    // Nor is one with no certificate at all taken for anything else.
    let nobody = try HTTPSTransport(.init(trust: .file(authority.certificatePath), versions: version...version))
    #expect(try await nobody.probe(server.address).verdict == .refused)
  }

  @Test("a server that never asks proves nothing, and the key signs nothing", arguments: ["TLSv1.2", "TLSv1.3"])
  func notAsked(version: String) async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, protocols: version)
    let probe = try await transport(server, client.identity()).probe(server.address + "/ok")
    #expect(probe.verdict == .notAsked)
    #expect(probe.signatureScheme == nil)
    #expect(probe.reason == "the server did not ask for a certificate, so its answer with status 200 proves nothing")
    #expect(client.requests.isEmpty)
  }

  @Test("an answer that is a refusal is one, whatever the handshake said", arguments: [("/status/403", 403), ("/redirect", 307)])
  func refusedInAnswer(path: String, status: Int) async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath)
    let probe = try await transport(server, client.identity()).probe(server.address + path)
    #expect(probe.verdict == .refused)
    #expect(probe.status == status)
  }

  @Test("without an identity, a server that wants one says so", arguments: ["TLSv1.2", "TLSv1.3"])
  func nobody(version: String) async throws {
    let authority = try await NginxAuthority()
    let server = try await NginxServer(authority: authority, protocols: version, clients: authority.certificatePath)
    let probe = try await transport(server, nil).probe(server.address + "/ok")
    #expect(probe.verdict == .refused)
    #expect(probe.reason == "the server answered with status 400 (400 No required SSL certificate was sent)")
  }

  @Test("without an identity, a server that asks and lets everybody in says so", arguments: ["optional", "optional_no_ca"])
  func nobodyIsLetIn(verification: String) async throws {
    let authority = try await NginxAuthority()
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath, verification: verification)
    let probe = try await transport(server, nil).probe(server.address + "/ok")
    #expect(probe.verdict == .notDemanded)
    #expect(probe.reason == "the server asked for a certificate, and answered with status 200 without one")
    #expect(try await transport(server, nil).probe(server.address + "/status/403").verdict == .refused)
  }

  @Test("with no scheme that the server takes, no certificate is sent and nothing is signed")
  func noCommonScheme() async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority, key: "rsa:2048")
    let server = try await NginxServer(authority: authority, protocols: "TLSv1.3", clients: authority.certificatePath)
    let probe = try await transport(server, client.identity([.rsaPKCS1SHA256])).probe(server.address + "/ok")
    #expect(probe.verdict == .refused)
    #expect(probe.signatureScheme == nil)
    #expect(client.requests.isEmpty)
  }

  @Test("the server's own identity is checked before the key signs anything")
  func serverFirst() async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath)
    let other = try await NginxAuthority(name: "Another CA")
    let error = await #expect(throws: HTTPSTransportError.self) {
      try await HTTPSTransport(.init(trust: .file(other.certificatePath)), identity: client.identity()).probe(server.address + "/ok")
    }
    #expect(error?.rule == .certificate)
    #expect(client.requests.isEmpty)
  }

  @Test("TRANSPORT-CLIENT-KEY: what the key throws comes back as it is, and nothing was sent", arguments: ["TLSv1.2", "TLSv1.3"])
  func failingKey(version: String) async throws {
    struct TokenIsGone: Error {}
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, protocols: version, clients: authority.certificatePath)
    let identity = ClientIdentity(certificateChain: client.certificates, schemes: client.schemes) { _ in throw TokenIsGone() }
    let error = await #expect(throws: HTTPSTransportError.self) {
      try await transport(server, identity).post([1], to: server.address + "/ok", headers: [])
    }
    #expect(error?.rule == .clientKey)
    #expect(error?.underlying is TokenIsGone)
    #expect(error?.requestMayHaveBeenSent == false)
    let probing = await #expect(throws: HTTPSTransportError.self) { try await transport(server, identity).probe(server.address + "/ok") }
    #expect(probing?.rule == .clientKey)
  }

  @Test("TRANSPORT-CLIENT-KEY: a signature that is none gets nobody in", arguments: [0, 1000])
  func badSignature(count: Int) async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath)
    let identity = ClientIdentity(certificateChain: client.certificates, schemes: client.schemes) { _ in [UInt8](repeating: 1, count: count)
    }
    let error = await #expect(throws: HTTPSTransportError.self) { try await transport(server, identity).probe(server.address + "/ok") }
    #expect(error?.rule == .clientKey)
    #expect(error?.message.contains("a signature of \(count) bytes came back") == true)
  }

  @Test("a signature by another key is refused by the server", arguments: ["TLSv1.2", "TLSv1.3"])
  func otherKey(version: String) async throws {
    let authority = try await NginxAuthority()
    let (client, other) = (try await SoftwareClient(authority), try await SoftwareClient(authority, named: "other"))
    let server = try await NginxServer(authority: authority, protocols: version, clients: authority.certificatePath)
    let probe = try await transport(server, other.identity(certificates: client.certificates)).probe(server.address + "/ok")
    #expect(probe.verdict == .refused)
  }

  @Test("TRANSPORT-TIMEOUT: a key that does not sign in the time of the exchange does not hold it up")
  func slowKey() async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath)
    let identity = ClientIdentity(certificateChain: client.certificates, schemes: client.schemes) { _ in
      try await Task.sleep(for: .seconds(3600))
      return []
    }
    let error = await #expect(throws: HTTPSTransportError.self) {
      try await transport(server, identity, totalTimeout: .seconds(1)).probe(server.address + "/ok")
    }
    #expect(error?.rule == .timeout)
  }

  @Test("TRANSPORT-CANCELLED: whoever gives up while the key is at work need not wait for it, and the key's work is cancelled")
  func cancelledWhileSigning() async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath)
    let (begun, reports) = AsyncStream.makeStream(of: String.self)
    let identity = ClientIdentity(certificateChain: client.certificates, schemes: client.schemes) { _ in
      reports.yield("begun")
      do { try await Task.sleep(for: .seconds(3600)) } catch { reports.yield("cancelled") }
      return []
    }
    let transport = try transport(server, identity, totalTimeout: .seconds(3600))
    let probing = Task { try await transport.probe(server.address + "/ok") }
    var reported = begun.makeAsyncIterator()
    #expect(await reported.next() == "begun")
    probing.cancel()
    let error = await #expect(throws: HTTPSTransportError.self) { try await probing.value }
    #expect(error?.rule == .cancelled)
    #expect(await reported.next() == "cancelled")
  }

  @Test("many clients at once, more than there are threads for tasks, sign without keeping each other waiting for ever")
  func concurrent() async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath)
    let identity = client.identity()
    try await withThrowingTaskGroup(of: ClientProbe.Verdict.self) { group in
      for _ in 0..<40 { group.addTask { try await transport(server, identity).probe(server.address + "/ok").verdict } }
      for try await verdict in group { #expect(verdict == .accepted) }
    }
    #expect(client.requests.count == 40)
  }

  @Test(
    "TRANSPORT-CLIENT-CERTIFICATE: bytes that are no certificate, a weak key, and a scheme of another kind of key are refused here",
    arguments: ["garbage", "trailing", "weak", "kind"])
  func unusableIdentity(kind: String) async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath)
    let certificates: [[UInt8]] =
      switch kind {
      case "garbage": [[1, 2, 3]]
      case "weak": [try SoftwareClient.der(try await authority.client(named: "weak", key: "rsa:1024").certificate)]
      case "trailing": [client.certificates[0] + [0]]
      default: client.certificates
      }
    let identity = client.identity(kind == "kind" ? [.rsaPSSSHA256] : nil, certificates: certificates)
    if kind == "kind" {
      let probe = try await transport(server, identity).probe(server.address + "/ok")
      #expect(probe.verdict == .refused)
    } else {
      let error = await #expect(throws: HTTPSTransportError.self) { try await transport(server, identity).probe(server.address + "/ok") }
      #expect(error?.rule == .clientCertificate)
      #expect(error?.requestMayHaveBeenSent == false)
    }
    #expect(client.requests.isEmpty)
    let none = #expect(throws: HTTPSTransportError.self) { try transport(server, client.identity([])) }
    #expect(none?.rule == .clientCertificate)
  }

  @Test("issuers that are given are sent along, and nothing else is")
  func chain() async throws {
    let authority = try await NginxAuthority()
    let client = try await SoftwareClient(authority)
    let folder = try TemporaryFolder()
    let server = try await OpenSSLServer(authority, ["-Verify", "3", "-msg"], log: folder.path("log"))
    let issuer = try SoftwareClient.der(authority.certificatePath)
    for chain in [client.certificates, client.certificates + [issuer]] {
      let transport = try HTTPSTransport(
        .init(trust: .file(authority.certificatePath), versions: .tls12 ... .tls12), identity: client.identity(certificates: chain))
      #expect(try await transport.probe(server.address).verdict == .accepted)
    }
    // The length of each Certificate message of the client's: three bytes a length, and three for the whole.
    let lengths = try String(contentsOfFile: folder.path("log"), encoding: .utf8).matches(
      of: /<<<.*Handshake \[length ([0-9a-f]+)\], Certificate\n/
    )
    .compactMap { Int($0.1, radix: 16) }
    #expect(lengths == [client.certificates[0].count + 10, client.certificates[0].count + issuer.count + 13])
  }
}
