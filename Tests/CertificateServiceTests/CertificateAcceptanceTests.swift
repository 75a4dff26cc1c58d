import CertificateService
import Crypto
import CryptoExtras
import Foundation
import Testing
import X509

@Suite("Acceptance of the issued certificate")
struct CertificateAcceptanceTests {
  private func acceptance(
    customerID: String = TestAuthorities.customerID, issuers: TrustAnchors = TestAuthorities.issuers,
    expectedIssuer: DistinguishedName? = TestAuthorities.providers.certificate.subject
  ) -> CertificateAcceptance {
    CertificateAcceptance(
      publicKey: .init(TestAuthorities.rsaKey.publicKey), customerID: customerID, options: .init(issuers: issuers),
      expectedIssuer: expectedIssuer, now: TestAuthorities.now)
  }

  /// Both issuing authorities of the tests.
  private static let bothIssuers = try! TrustAnchors(
    certificates: [TestAuthorities.root, TestAuthorities.intermediate, TestAuthorities.providers, TestAuthorities.services].map(
      \.certificate))

  private func acceptance(_ options: AcceptanceOptions, expectedIssuer: DistinguishedName? = nil, known: Set<[UInt8]> = [])
    -> CertificateAcceptance
  {
    CertificateAcceptance(
      publicKey: .init(TestAuthorities.rsaKey.publicKey), customerID: TestAuthorities.customerID, options: options,
      expectedIssuer: expectedIssuer, known: known, now: TestAuthorities.now)
  }

  private func rule(
    _ leaf: TestAuthority.Leaf, by authority: TestAuthority = TestAuthorities.providers, _ acceptance: CertificateAcceptance? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> ServiceRule? {
    let received = ReceivedCertificate(der: try TestAuthorities.der(authority.issue(leaf)))
    let acceptance = acceptance ?? self.acceptance()
    let error = try await refusal({ try await acceptance.check(received) }, sourceLocation: sourceLocation)
    #expect(error.code == .untrusted, sourceLocation: sourceLocation)
    #expect(!error.outcomeIsUncertain, sourceLocation: sourceLocation)
    return error.rule
  }

  @Test("a certificate of the agency's profile is accepted, with its chain; the organization is not compared")
  func accepted() async throws {
    let der = try TestAuthorities.der(TestAuthorities.customer)
    let accepted = try await acceptance().check(ReceivedCertificate(der: der))
    #expect(accepted.certificate == TestAuthorities.customer)
    #expect(accepted.der == der)
    #expect(accepted.chain.count == 4)
    #expect(accepted.customerID == TestAuthorities.customerID)
    #expect(try await acceptance(expectedIssuer: nil).check(ReceivedCertificate(der: der)).certificate == TestAuthorities.customer)
  }

  @Test("CERT-DER not DER, PEM, cut short, or with something after it")
  func wholeDER() async throws {
    let der = try TestAuthorities.der(TestAuthorities.customer)
    for octets in [[], [0x30], Array(der.dropLast()), der + [0], der + der, Array(TestAuthorities.pem(der).utf8)] {
      let error = try await refusal { try await acceptance().check(ReceivedCertificate(der: octets)) }
      #expect(error.rule == .certificateDER)
    }
  }

  @Test("CERT-KEY a certificate for another key")
  func otherKey() async throws {
    #expect(try await rule(.init(publicKey: .init(P256.Signing.PrivateKey().publicKey))) == .certificateKey)
  }

  @Test("CERT-CUSTOMER a certificate for another customer, for two, for none, or for one that only looks the same")
  func otherCustomer() async throws {
    #expect(try await rule(.init(commonName: "7654321-0")) == .certificateCustomer)
    #expect(try await rule(.init(moreCommonNames: ["7654321-0"])) == .certificateCustomer)
    #expect(try await rule(.init(moreCommonNames: [TestAuthorities.customerID])) == .certificateCustomer)
    #expect(try await rule(.init(commonName: "")) == .certificateCustomer)
    #expect(try await rule(.init(commonName: " " + TestAuthorities.customerID)) == .certificateCustomer)
    #expect(try await rule(.init(commonName: "e\u{301}"), acceptance(customerID: "\u{E9}")) == .certificateCustomer)
  }

  @Test("CERT-ISSUER another issuing authority than the expected one, though it is trusted")
  func otherIssuer() async throws {
    #expect(try await rule(.init(), by: TestAuthorities.services, acceptance(issuers: Self.bothIssuers)) == .certificateIssuer)
  }

  /// A common name that no authority has, the whole name in another order, a part of the name.
  @Test(
    "CERT-ISSUER an issuer that is not one of the allowed ones, whether or not it is a renewal",
    arguments: ["Test Providers Issuing", "C=FI, O=Test, CN=Test Providers Issuing CA", "Test", ""])
  func issuerNotAllowed(name: String) async throws {
    let options = AcceptanceOptions(issuers: Self.bothIssuers, allowedIssuers: [name])
    #expect(try await rule(.init(), acceptance(options)) == .certificateIssuer)
    #expect(
      try await rule(.init(), acceptance(options, expectedIssuer: TestAuthorities.services.certificate.subject)) == .certificateIssuer)
  }

  @Test(
    "an allowed issuer is accepted by its common name and by its whole name, also on a renewal from another one",
    arguments: ["Test Providers Issuing CA", "CN=Test Providers Issuing CA, O=Test, C=FI"])
  func issuerAllowed(name: String) async throws {
    let received = ReceivedCertificate(der: try TestAuthorities.der(TestAuthorities.customer))
    let options = AcceptanceOptions(issuers: Self.bothIssuers, allowedIssuers: ["Another CA", name])
    for expected in [nil, TestAuthorities.services.certificate.subject, TestAuthorities.providers.certificate.subject] {
      #expect(try await acceptance(options, expectedIssuer: expected).check(received).certificate == TestAuthorities.customer)
    }
  }

  @Test("CERT-NOT-KNOWN a certificate that was received before")
  func known() async throws {
    let received = ReceivedCertificate(der: try TestAuthorities.der(TestAuthorities.customer))
    let options = AcceptanceOptions(issuers: TestAuthorities.issuers)
    let digest = Array(SHA256.hash(data: received.der))
    let error = try await refusal { try await acceptance(options, known: [digest]).check(received) }
    #expect(error.rule == .certificateNotKnown)
    #expect(try await acceptance(options, known: [Array(SHA256.hash(data: [UInt8]()))]).check(received).isForTheKey)
  }

  @Test("without the check of the key, all the others still hold, and the certificate says that it is not for the key")
  func keyMatchSkipped() async throws {
    let options = AcceptanceOptions(issuers: TestAuthorities.issuers, skipsKeyMatch: true)
    let other = TestAuthority.Leaf(publicKey: .init(P256.Signing.PrivateKey().publicKey))
    let received = ReceivedCertificate(der: try TestAuthorities.der(TestAuthorities.providers.issue(other)))
    #expect(try await !acceptance(options).check(received).isForTheKey)
    #expect(
      try await acceptance(options).check(ReceivedCertificate(der: try TestAuthorities.der(TestAuthorities.customer))).isForTheKey)
    var elsewhere = other
    elsewhere.commonName = "7654321-0"
    #expect(try await rule(elsewhere, acceptance(options)) == .certificateCustomer)
    #expect(try await rule(other, by: TestAuthorities.services, acceptance(options)) == .certificateChain)
  }

  @Test("CERT-CHAIN an authority of the same name with another key, or one that is not configured")
  func otherChain() async throws {
    #expect(try await rule(.init(), by: try TestAuthority("Test Providers Issuing CA")) == .certificateChain)
    #expect(try await rule(.init(), by: TestAuthorities.services, acceptance(expectedIssuer: nil)) == .certificateChain)
    #expect(try await rule(.init(isAuthority: true)) == .certificateChain)
  }

  /// A validity, in seconds from now.
  struct Span: Sendable {
    let from: TimeInterval
    let to: TimeInterval
  }

  @Test(
    "CERT-VALIDITY expired, expiring now, not valid for more than five minutes, backwards, for too long, or for too short",
    arguments: [
      Span(from: -100, to: -1), Span(from: -100, to: 0), Span(from: 301, to: 86400), Span(from: 86400, to: 2 * 86400),
      Span(from: 100, to: -100), Span(from: -86400, to: 1099 * 86400 + 1), Span(from: -1, to: 86398),
    ])
  func validity(span: Span) async throws {
    #expect(try await rule(.init(from: span.from, to: span.to)) == .certificateValidity)
  }

  @Test(
    "an authority's clock may be up to five minutes ahead, and a day to 1100 days are believed",
    arguments: [Span(from: 300, to: 730 * 86400), Span(from: -86400, to: 1099 * 86400), Span(from: -1, to: 86399)])
  func validityAccepted(span: Span) async throws {
    let leaf = TestAuthority.Leaf(from: span.from, to: span.to)
    let received = ReceivedCertificate(der: try TestAuthorities.der(TestAuthorities.providers.issue(leaf)))
    #expect(try await acceptance().check(received).chain.count == 4)
  }
}
