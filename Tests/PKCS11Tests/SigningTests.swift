import PKCS11
import TestSupport
import Testing

@Suite("Signatures", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct SigningTests {
  @Test("a P-256 signature of the token is 64 bytes and verifies on the token")
  func p256() throws {
    var session = try TokenTestbed().session()
    let pair = try makeP256Key(&session)
    let digest = [UInt8](repeating: 7, count: 32)
    let signature = try session.sign(digest, with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64)
    #expect(signature.count == 64)
    try session.verify(signature: signature, of: digest, with: .ecdsa, key: pair.publicKey)
    try session.close()
  }
}
