import CertificateService
import Foundation
import TestSupport
import Testing
import X509

/// Lists that `openssl ca -gencrl` makes, with RSA keys.
@Suite("Revocation lists made by OpenSSL", .serialized)
struct RevocationInteroperabilityTests {
  private final class Authority {
    let folder: TemporaryFolder
    let certificate: Certificate

    init(_ folder: TemporaryFolder) async throws {
      self.folder = folder
      try folder.write(
        """
        [ca]
        default_ca = this
        [this]
        database = index.txt
        serial = serial
        crlnumber = crlnumber
        new_certs_dir = .
        certificate = ca.pem
        private_key = ca.key
        default_md = sha256
        default_days = 730
        policy = any
        crl_extensions = plain
        [any]
        commonName = supplied
        [plain]
        authorityKeyIdentifier = keyid
        [strange]
        1.2.3.4 = critical,DER:0500
        [partial]
        issuingDistributionPoint = critical,@point
        [point]
        onlyuser = TRUE
        fullname = URI:http://crl.example/x.crl
        [delta]
        2.5.29.27 = critical,DER:020101
        """.utf8, to: "ca.cnf")
      try folder.write([], to: "index.txt")
      try folder.write("1001\n".utf8, to: "serial")
      try folder.write("01\n".utf8, to: "crlnumber")
      try await Self.run(
        folder,
        [
          "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-subj", "/CN=OpenSSL CA", "-out", "ca.pem", "-days",
          "3000",
        ])
      certificate = try PEM.certificates(in: [UInt8](Data(contentsOf: folder.url.appending(path: "ca.pem"))))[0]
    }

    static func run(_ folder: TemporaryFolder, _ arguments: [String]) async throws {
      let result = try await TestSupport.run("openssl", arguments, in: folder.path)
      try #require(result.exitCode == 0, "\(arguments): \(result.standardError)")
    }

    func issue(_ name: String) async throws -> Certificate {
      try await Self.run(
        folder, ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "\(name).key", "-subj", "/CN=\(name)", "-out", "\(name).csr"])
      try await Self.run(folder, ["ca", "-batch", "-config", "ca.cnf", "-in", "\(name).csr", "-out", "\(name).pem", "-notext"])
      return try PEM.certificates(in: [UInt8](Data(contentsOf: folder.url.appending(path: "\(name).pem"))))[0]
    }

    func revoke(_ name: String, reason: String) async throws {
      try await Self.run(folder, ["ca", "-config", "ca.cnf", "-revoke", "\(name).pem", "-crl_reason", reason])
    }

    func list(_ options: String...) async throws -> [UInt8] {
      try await Self.run(
        folder,
        ["ca", "-config", "ca.cnf", "-gencrl", "-out", "list.pem"]
          + (options.contains("-crldays") || options.contains("-crl_nextupdate") ? [] : ["-crldays", "7"]) + options)
      return [UInt8](try Data(contentsOf: folder.url.appending(path: "list.pem")))
    }

    func rule(_ list: [UInt8], _ certificate: Certificate) async throws -> ServiceRule? {
      let check = RevocationCheck(mode: .enforce, lists: RevocationLists([RevocationListSource(name: "list.pem", fetch: { list })]))
      do throws(CertificateServiceError) {
        try await check.check([certificate, self.certificate], at: Date())
        return nil
      } catch {
        return error.rule
      }
    }
  }

  @Test("good, revoked, on hold, taken off again; expired, of another key, and with extensions that change what a list means")
  func lists() async throws {
    let authority = try await Authority(TemporaryFolder())
    let (good, stolen, held, removed) = (
      try await authority.issue("good"), try await authority.issue("stolen"), try await authority.issue("held"),
      try await authority.issue("removed")
    )
    #expect(try await authority.rule(authority.list(), good) == nil, "a list without entries")
    try await authority.revoke("stolen", reason: "keyCompromise")
    try await authority.revoke("held", reason: "certificateHold")
    try await authority.revoke("removed", reason: "removeFromCRL")
    for digest in ["sha256", "sha384", "sha512"] {
      let list = try await authority.list("-md", digest)
      #expect(try RevocationList(list, from: digest).count == 2)
      #expect(try await authority.rule(list, good) == nil)
      #expect(try await authority.rule(list, stolen) == .revocationRevoked)
      #expect(try await authority.rule(list, held) == .revocationRevoked)
      #expect(try await authority.rule(list, removed) == nil)
    }
    // Debian's OpenSSL signs with SHA-1 when it is asked to; nobody here believes it.
    #expect(try await authority.rule(authority.list("-md", "sha1"), good) == .revocationListIssuer)
    let old = try await authority.list("-crl_lastupdate", "20260101000000Z", "-crl_nextupdate", "20260108000000Z")
    #expect(try await authority.rule(old, good) == .revocationListCurrent)
    for section in ["strange", "partial", "delta"] {
      let list = try await authority.list("-crlexts", section)
      #expect(try await authority.rule(list, good) == .revocationListAvailable)
      let error = try #require(throws: CertificateServiceError.self) { try RevocationList(list, from: section) }
      #expect(error.rule == .revocationListExtension)
    }
    let other = try await Authority(TemporaryFolder())
    #expect(try await authority.rule(other.list(), good) == .revocationListIssuer, "the same name and another key")
  }
}
