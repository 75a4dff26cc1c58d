import Foundation
import PKCS11
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import TokenKeys

@Suite("Certificates beside their keys", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct TokenCertificatesTests {
  private func certificate(for key: TokenKey, signedBy issuer: TokenKey? = nil, days: Double = 730, serial: Int = 1) async throws
    -> Certificate
  {
    let name = try DistinguishedName { CommonName("0123456-7") }
    return try Certificate(
      version: .v3, serialNumber: .init(serial), publicKey: key.publicKey, notValidBefore: Date(), notValidAfter: Date() + days * 86_400,
      issuer: name,
      subject: name, signatureAlgorithm: .ecdsaWithSHA256, extensions: .init(), issuerPrivateKey: (issuer ?? key).privateKey)
  }

  @Test("what a generation that was cut off has made is destroyed whole, unless a certificate says that it is in use")
  func unfinished() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let identifier = KeyIdentifier(Array(repeating: 0xC1, count: KeyIdentifier.length))
    let unfinished = try await keys.generate(.ecdsaP256, named: "unfinished", identifier: identifier)
    #expect(unfinished.identifier == identifier)
    await #expect { try await keys.generate(.ecdsaP256, named: "second", identifier: identifier) } throws: {
      ($0 as? TokenKeysError)?.code == .keyAmbiguous
    }
    try bench.destroy(.publicKey, named: "unfinished")
    #expect(try await keys.destroyUnfinished(identifier) == 1)
    #expect(try await keys.destroyUnfinished(identifier) == 0)
    #expect(try await !keys.isTaken("unfinished"))

    let used = try await keys.generate(.ecdsaP256, named: "used")
    try await keys.store(try await certificate(for: used), for: used)
    await #expect { try await keys.destroyUnfinished(used.identifier) } throws: { ($0 as? TokenKeysError)?.code == .keyAmbiguous }
    #expect(try await keys.key(named: "used") == used)
    try await keys.close()
  }

  @Test("A certificate is stored once, with its key's name and identifier, and any program sees it without a PIN")
  func stored() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    let certificate = try await certificate(for: key)
    for _ in 1...2 { try await keys.store(certificate, for: key) }
    #expect(try await keys.certificates(of: key) == [certificate])
    #expect(try bench.count([Attribute(.objectClass, ObjectClass.certificate)]) == 1)

    let module = try #require(SoftHSMFixture.modulePath)
    let environment = try SoftHSMFixture.shared().environment
    let listed = try await run(
      "pkcs11-tool", ["--module", module, "--token-label", bench.token.label, "--list-objects", "--type", "cert"], environment: environment)
    #expect(listed.standardOutput.contains("payroll"), "\(listed)")
    #expect(listed.standardOutput.contains(key.identifier.hexadecimal))
    #expect(listed.standardOutput.contains("0123456-7"))
    let read = bench.folder.path("read.der")
    let result = try await run(
      "pkcs11-tool",
      [
        "--module", module, "--token-label", bench.token.label, "--read-object", "--type", "cert", "--id", key.identifier.hexadecimal, "-o",
        read,
      ],
      environment: environment)
    #expect(result.succeeded, "\(result.standardError)")
    #expect(try Certificate(derEncoded: Array(Data(contentsOf: URL(filePath: read)))) == certificate)
  }

  @Test("Several certificates of a key are kept, the one that expires last first; those of other keys are left out")
  func several() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    let other = try await keys.generate(.ecdsaP256, named: "other")
    let first = try await certificate(for: key, days: 10, serial: 1)
    let second = try await certificate(for: key, days: 700, serial: 2)
    let third = try await certificate(for: key, days: 100, serial: 3)
    for one in [first, second, third] { try await keys.store(one, for: key) }
    try await keys.store(certificate(for: other), for: other)
    #expect(try await keys.certificates(of: key) == [second, third, first])
    #expect(try await keys.certificates(of: other).count == 1)
  }

  @Test("KEY-CERTIFICATE-MATCHES: a certificate for another key is refused, and nothing is stored")
  func otherKey() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    let other = try await keys.generate(.ecdsaP256, named: "other")
    let foreign = try await certificate(for: other, signedBy: key)
    let error = try await tokenKeysError { try await keys.store(foreign, for: key) }
    #expect(error.rule == .certificateMatchesKey)
    #expect(try bench.count([Attribute(.objectClass, ObjectClass.certificate)]) == 0)
  }
}
