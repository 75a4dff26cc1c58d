import PKCS11
import TestSupport
import Testing

@testable import TokenKeys

@Suite("Templates", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct KeyTemplateTests {
  @Test(
    "Every attribute that is asked for is what the token says of the key afterwards",
    arguments: [KeyAlgorithm.ecdsaP256, .rsa2048, .ed25519])
  func readBack(algorithm: KeyAlgorithm) async throws {
    let bench = try TokenKeysBench()
    let key = try await bench.keys().generate(algorithm, named: "payroll")
    let template = KeyTemplate(algorithm: algorithm, name: "payroll", identifier: key.identifier)
    var session = try bench.session()
    for (half, asked) in [(ObjectClass.publicKey, template.publicKey), (.privateKey, template.privateKey)] {
      let handle = try #require(session.findObjects(matching: [Attribute(.objectClass, half)]).first)
      let observed = try session.attributes(asked.map(\.type), of: handle)
      for attribute in asked { #expect(observed.bytes(attribute.type) == attribute.value, "\(half) \(attribute)") }
      #expect(asked.map(\.type).contains(.modifiable))
    }
    #expect(template.privateKey.contains(Attribute(.alwaysAuthenticate, false)))
  }

  @Test("A label can be mended; what keeps the key in cannot be loosened")
  func modifiable() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    _ = try await keys.generate(.ecdsaP256, named: "before")
    var session = try bench.session()
    let handle = try #require(session.findObjects(matching: [Attribute(.objectClass, ObjectClass.privateKey)]).first)
    try session.setAttributes([Attribute(.label, "after")], of: handle)
    #expect(try await keys.key(named: "after").name == "after")
    for looser in [Attribute(.sensitive, false), Attribute(.extractable, true), Attribute(.copyable, true)] {
      #expect(throws: PKCS11Error.self, "\(looser)") { try session.setAttributes([looser], of: handle) }
    }
  }
}
