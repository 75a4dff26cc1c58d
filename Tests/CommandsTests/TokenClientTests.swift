@testable import Commands
import Foundation
import HTTPSTransport
import PKCS11
import Secrets
import SwiftASN1
import TestSupport
import Testing
import TokenKeys
import X509

@Suite("A TLS client whose key is on a token")
struct TokenClientTests {
  /// A token behind a module that forbids RSA without padding, a key on it, and a certificate for the key.
  private struct Client {
    let module: FaultModule
    let token: Token
    let keys: TokenKeys
    let key: TokenKey
    let certificate: Certificate
    let folder: TemporaryFolder

    init(_ algorithm: KeyAlgorithm, _ authority: NginxAuthority) async throws {
      let made = try SoftHSMFixture.takeToken()
      module = try FaultModule(.softHSM(made), .hideMechanism("CKM_RSA_X_509"))
      token = try Module(path: module.path).token(matching: PKCS11URI(label: made.label))
      folder = try TemporaryFolder()
      let pin = try folder.write("\(made.userPIN)\n".utf8, to: "pin")
      keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:\(pin)"))
      key = try await keys.generate(algorithm, named: "client")
      let request = try await CertificateSigningRequest(for: key, subject: DistinguishedName { CommonName("client") })
      let path = try folder.write(try request.serializeAsPEM().pemString.utf8, to: "client.csr")
      let pem = try String(contentsOfFile: try await authority.client(signing: path), encoding: .utf8)
      certificate = try Certificate(pemEncoded: pem)
    }

    func identity() throws -> ClientIdentity {
      try TokenClient.identity(of: key, certificateChain: [certificate], mechanisms: token.mechanisms())
    }
  }

  @Test(
    "is let in by nginx, with each kind of key that TLS knows, where raw RSA is forbidden",
    arguments: [
      (KeyAlgorithm.ecdsaP256, "TLSv1.2", "ecdsa_secp256r1_sha256"), (.ecdsaP256, "TLSv1.3", "ecdsa_secp256r1_sha256"),
      (.ecdsaP384, "TLSv1.2", "ecdsa_secp384r1_sha384"), (.ecdsaP384, "TLSv1.3", "ecdsa_secp384r1_sha384"),
      (.ecdsaP521, "TLSv1.3", "ecdsa_secp521r1_sha512"), (.rsa2048, "TLSv1.2", "rsa_pss_rsae_sha256"),
      (.rsa2048, "TLSv1.3", "rsa_pss_rsae_sha256"),
    ])
  func accepted(algorithm: KeyAlgorithm, version: String, scheme: String) async throws {
    let authority = try await NginxAuthority()
    let client = try await Client(algorithm, authority)
    let server = try await NginxServer(authority: authority, protocols: version, clients: authority.certificatePath)
    let signed = client.module.count(of: "C_Sign")
    let transport = try HTTPSTransport(.init(trust: .file(authority.certificatePath)), identity: client.identity())
    let probe = try await transport.probe(server.address + "/client")
    #expect(probe.verdict == .accepted, "\(probe.reason)")
    #expect(probe.signatureScheme?.rawValue == scheme)
    #expect(client.module.count(of: "C_Sign") == signed + 1)
    try await client.keys.close()
  }

  @Test("many connections at once share the token's sessions, and all are let in")
  func concurrent() async throws {
    let authority = try await NginxAuthority()
    let client = try await Client(.ecdsaP256, authority)
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath)
    let transport = try HTTPSTransport(.init(trust: .file(authority.certificatePath)), identity: client.identity())
    try await withThrowingTaskGroup(of: ClientProbe.Verdict.self) { group in
      for _ in 0..<24 { group.addTask { try await transport.probe(server.address + "/ok").verdict } }
      for try await verdict in group { #expect(verdict == .accepted) }
    }
    try await client.keys.close()
  }

  @Test("TRANSPORT-CLIENT-KEY: the token's own error comes back with its type, and a key that TLS has no name for is refused at once")
  func refusals() async throws {
    let authority = try await NginxAuthority()
    let client = try await Client(.ecdsaP256, authority)
    let server = try await NginxServer(authority: authority, clients: authority.certificatePath)
    let transport = try HTTPSTransport(.init(trust: .file(authority.certificatePath)), identity: client.identity())
    try client.module.add(.fail("C_Sign", "CKR_FUNCTION_FAILED"))
    let error = await #expect(throws: HTTPSTransportError.self) { try await transport.probe(server.address + "/ok") }
    #expect(error?.rule == .clientKey)
    #expect((error?.underlying as? PKCS11Error)?.returnValue == .functionFailed)
    try client.module.script(.hideMechanism("CKM_RSA_X_509"))
    let edwards = try await client.keys.generate(.ed25519, named: "edwards")
    #expect(throws: CommandError.self) {
      try TokenClient.identity(of: edwards, certificateChain: [client.certificate], mechanisms: client.token.mechanisms())
    }
    try await client.keys.close()
  }
}
