import Crypto
import Testing
import X509

@testable import KeyCeremony

@Suite("What of a request must be as rehearsed")
struct RequestComparisonTests {
  private static func request(_ key: Certificate.PrivateKey, _ name: String) throws -> CertificateSigningRequest {
    try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName { CommonName(name) }, privateKey: key, attributes: .init(),
      signatureAlgorithm: .ecdsaWithSHA256)
  }

  @Test("two keys of a kind give the same digest, and another subject or another kind of key does not (CEREMONY-AS-REHEARSED)")
  func digestWithoutKey() throws {
    let one = try Self.request(.init(P256.Signing.PrivateKey()), "root")
    let other = try Self.request(.init(P256.Signing.PrivateKey()), "root")
    #expect(one.publicKey != other.publicKey)
    #expect(try one.digestWithoutKey() == other.digestWithoutKey())
    #expect(try one.digestWithoutKey() != Self.request(.init(P256.Signing.PrivateKey()), "boot").digestWithoutKey())
    #expect(try one.digestWithoutKey() != Self.request(.init(P384.Signing.PrivateKey()), "root").digestWithoutKey())
  }
}
