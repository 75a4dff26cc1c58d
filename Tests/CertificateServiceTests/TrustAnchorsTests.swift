import CertificateService
import Crypto
import CryptoExtras
import Foundation
import TestSupport
import Testing
import X509

@Suite("Trust anchors")
struct TrustAnchorsTests {
  private let now = TestAuthorities.now

  private func chainRefusal(
    _ anchors: TrustAnchors, _ leaf: Certificate, at time: Date? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> CertificateServiceError {
    let error = try await refusal({ try await anchors.validate(leaf, at: time ?? now) }, sourceLocation: sourceLocation)
    #expect(error.code == .untrusted, sourceLocation: sourceLocation)
    return error
  }

  @Test("self-signed authorities are anchors, the others are a path; doubles are one")
  func sorting() throws {
    let authorities = [TestAuthorities.services, TestAuthorities.intermediate, TestAuthorities.root, TestAuthorities.root]
    let trust = try TrustAnchors(certificates: authorities.map(\.certificate))
    #expect(trust.anchors == [TestAuthorities.root.certificate])
    #expect(trust.intermediates == [TestAuthorities.services.certificate, TestAuthorities.intermediate.certificate])
  }

  @Test("a leaf of the agency's profile validates, and the chain is returned")
  func valid() async throws {
    let chain = try await TestAuthorities.issuers.validate(TestAuthorities.customer, at: now)
    #expect(chain.first == TestAuthorities.customer)
    #expect(chain.last == TestAuthorities.root.certificate)
    #expect(chain.count == 4)
    let critical = try TestAuthorities.providers.issue(.init(criticalPurpose: true))
    #expect(try await TestAuthorities.issuers.validate(critical, at: now).count == 4)
  }

  @Test("from files, PEM of any wrapping and DER; the name of a bad file is in the error")
  func files() throws {
    let folder = try TemporaryFolder()
    let root = try TestAuthorities.der(TestAuthorities.root.certificate)
    let chain = try [TestAuthorities.intermediate, .init("x", issuer: TestAuthorities.root)].map {
      TestAuthorities.pem(try TestAuthorities.der($0.certificate), columns: 76, newline: "\r\n")
    }
    let files = [try folder.write(root, to: "root.der"), try folder.write(chain.joined().utf8, to: "chain.pem")]
    let trust = try TrustAnchors(files: files)
    #expect(trust.anchors.count == 1 && trust.intermediates.count == 2)
    let empty = try folder.write([], to: "empty.pem")
    let bad = #expect(throws: CertificateServiceError.self) { try TrustAnchors(files: files + [empty]) }
    #expect(bad?.operation.contains("empty.pem") == true)
    let absent = #expect(throws: CertificateServiceError.self) { try TrustAnchors(files: [folder.path("absent.pem")]) }
    #expect(absent?.operation.contains("absent.pem") == true)
    #expect(absent?.underlying != nil)
    #expect(throws: CertificateServiceError.self) { try TrustAnchors(files: [folder.path]) }
  }

  @Test("TRUST-ANCHOR no root, nothing, or a root whose signature is not its own")
  func anchors() throws {
    let forged = try TestAuthority("Test Root CA", issuer: TestAuthorities.root)
    for certificates in [[], [TestAuthorities.intermediate.certificate], [TestAuthorities.root.certificate, forged.certificate]] {
      let error = #expect(throws: CertificateServiceError.self) { try TrustAnchors(certificates: certificates) }
      #expect(error?.rule == .trustAnchor)
      #expect(error?.code == .invalidInput)
    }
  }

  @Test("TRUST-AUTHORITY a certificate that is not an authority, or may not issue")
  func authorities() throws {
    let bad = [
      TestAuthorities.customer, try TestAuthority("self", isAuthority: false).certificate,
      try TestAuthority("no signing", mayIssue: false).certificate,
    ]
    for certificate in bad {
      let error = #expect(throws: CertificateServiceError.self) {
        try TrustAnchors(certificates: [TestAuthorities.root.certificate, certificate])
      }
      #expect(error?.rule == .trustAuthority)
    }
  }

  @Test("TRUST-LEAF an authority is not an end entity, and key usage must allow signatures")
  func leaf() async throws {
    #expect(try await chainRefusal(TestAuthorities.issuers, TestAuthorities.providers.certificate).rule == .trustLeaf)
    #expect(try await chainRefusal(TestAuthorities.issuers, TestAuthorities.root.certificate).rule == .trustLeaf)
    let mute = try TestAuthorities.providers.issue(.init(usage: KeyUsage(keyEncipherment: true)))
    #expect(try await chainRefusal(TestAuthorities.issuers, mute).rule == .trustLeaf)
  }

  @Test("TRUST-CHAIN the sentence says which certificate is at fault")
  func sentences() async throws {
    let trust = TestAuthorities.issuers
    let expired = try await chainRefusal(trust, TestAuthorities.providers.issue(.init(to: -1)))
    #expect(expired.rule == .trustChain)
    #expect(expired.message.contains("expired at") && expired.message.contains("CN=\(TestAuthorities.customerID)"))
    let early = try await chainRefusal(trust, TestAuthorities.providers.issue(.init(from: 1)))
    #expect(early.message.contains("is valid from"))
    let old = try await chainRefusal(trust, TestAuthorities.customer, at: now.addingTimeInterval(5000 * 86400))
    #expect(old.message.contains("expired at"))
    let stranger = try await chainRefusal(trust, TestAuthorities.signer)
    #expect(stranger.message.contains("Test Services Issuing CA") && stranger.message.contains("not among the trusted authorities"))
    let impostor = try TestAuthority("Test Providers Issuing CA").issue()
    #expect(try await chainRefusal(trust, impostor).message.contains("did not sign it"))
  }

  @Test("TRUST-CHAIN a path length is kept")
  func pathLength() async throws {
    let root = try TestAuthority("Root")
    let first = try TestAuthority("First", issuer: root, maximumPathLength: 0)
    let second = try TestAuthority("Second", issuer: first)
    let trust = try TrustAnchors(certificates: [root, first, second].map(\.certificate))
    #expect(try await chainRefusal(trust, second.issue()).rule == .trustChain)
    #expect(try await trust.validate(first.issue(), at: now).count == 3)
  }

  @Test("TRUST-CHAIN SHA-1 is refused, on the leaf and on the root")
  func sha1() async throws {
    func issue(_ name: String, isAuthority: Bool, _ algorithm: Certificate.SignatureAlgorithm) throws -> Certificate {
      try Certificate(
        version: .v3, serialNumber: .init(), publicKey: .init(TestAuthorities.rsaKey.publicKey),
        notValidBefore: now.addingTimeInterval(-86400), notValidAfter: now.addingTimeInterval(86400),
        issuer: DistinguishedName { CommonName("RSA root") }, subject: DistinguishedName { CommonName(name) },
        signatureAlgorithm: algorithm,
        extensions: Certificate.Extensions {
          Critical(isAuthority ? BasicConstraints.isCertificateAuthority(maxPathLength: nil) : .notCertificateAuthority)
        },
        issuerPrivateKey: TestAuthorities.rsaPrivateKey)
    }
    let trust = try TrustAnchors(certificates: [issue("RSA root", isAuthority: true, .sha256WithRSAEncryption)])
    #expect(try await trust.validate(issue("leaf", isAuthority: false, .sha256WithRSAEncryption), at: now).count == 2)
    let weak = try await chainRefusal(trust, issue("leaf", isAuthority: false, .sha1WithRSAEncryption))
    #expect(weak.rule == .trustChain && weak.message.contains("SHA-1"))
    let weakRoot = try TrustAnchors(certificates: [issue("RSA root", isAuthority: true, .sha1WithRSAEncryption)])
    #expect(try await chainRefusal(weakRoot, issue("leaf", isAuthority: false, .sha256WithRSAEncryption)).message.contains("SHA-1"))
  }

  @Test("TRUST-CHAIN names of a hostile certificate are made fit for a terminal")
  func hostileNames() async throws {
    let leaf = try TestAuthority("nobody").issue(.init(commonName: "\u{1B}[2J\u{202E}" + String(repeating: "x", count: 10_000)))
    let error = try await chainRefusal(TestAuthorities.issuers, leaf)
    #expect(error.message.count < 600)
    #expect(!error.description.unicodeScalars.contains("\u{1B}") && !error.description.unicodeScalars.contains("\u{202E}"))
  }

  @Test("an authority that is its own path in a ring ends in a refusal")
  func ring() async throws {
    let keyA = P256.Signing.PrivateKey()
    let a = try TestAuthority("A", key: keyA)
    let b = try TestAuthority("B", issuer: a)
    let aUnderB = try TestAuthority("A", issuer: b, key: keyA)
    let trust = try TrustAnchors(certificates: [TestAuthorities.root.certificate, b.certificate, aUnderB.certificate])
    #expect(try await chainRefusal(trust, b.issue()).rule == .trustChain)
  }
}
