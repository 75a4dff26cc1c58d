import Crypto
import Foundation
import KeyEvidence
import PKCS11
import Secrets
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import TokenKeys

@Suite("Inventory: reading a token", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct InventoryTests {
  @Test("a key of ours: both halves, named by its public key, policy met; its certificate beside it")
  func ours() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    for algorithm in [KeyAlgorithm.rsa2048, .ecdsaP256, .ecdsaP521, .ed25519] {
      _ = try await keys.generate(algorithm, named: "\(algorithm)")
    }
    let key = try await keys.key(named: "ecdsa-p256")
    let name = try DistinguishedName { CommonName("Ab Demo Oy") }
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(bytes: [5]), publicKey: key.publicKey, notValidBefore: Date(), notValidAfter: Date() + 86400,
      issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256, extensions: .init(), issuerPrivateKey: key.privateKey)
    try await keys.store(certificate, for: key)

    let inventory = try await keys.inventory(madeBy: "test 1")
    #expect(inventory.scope == .all)
    #expect(inventory.token.serial == bench.token.serialNumber)
    #expect(inventory.keys.map(\.label) == ["ecdsa-p256", "ecdsa-p521", "ed25519", "rsa-2048"])
    for entry in inventory.keys {
      let key = try await keys.key(named: entry.label)
      #expect(entry.algorithm == entry.label)
      #expect(entry.publicKeySHA256 == SHA256.hash(data: try key.publicKey.serializeAsPEM().derBytes).hexadecimal)
      #expect(entry.id == key.identifier.hexadecimal)
      #expect(entry.privateHalf?.verdict?.isMet == true)
      #expect(entry.publicHalf?.attributes[truth: .verify] == true)
      // Without probes, rule by rule as `verdict` has it.
      let verdict = try await keys.verdict(of: key)
      #expect(entry.privateHalf?.verdict?.notClaimed == verdict.findings.filter { $0.outcome == .notClaimed }.map(\.rule.rawValue))
    }
    #expect(inventory.certificates.map(\.contents?.publicKeySHA256) == [inventory.keys[0].publicKeySHA256])
    #expect(inventory.certificates.first?.contents?.notAfter == certificate.notValidAfter)
    #expect(inventory.unreadable.isEmpty && inventory.others.isEmpty)
    #expect(try TokenInventory(content: CanonicalJSON.parse(CanonicalJSON.encode(inventory.content))) == inventory)
  }

  @Test("without login: public keys and certificates, by the same names; the private halves are not seen")
  func publicObjects() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    _ = try await keys.generate(.ecdsaP256, named: "a")
    let whole = try await keys.inventory(madeBy: "test 1")
    #expect(try bench.token.publicInventory(madeBy: "test 1").scope == .all, "somebody in this process is logged in")
    try await keys.close()
    let seen = try bench.token.publicInventory(madeBy: "test 1")
    #expect(seen.scope == .publicObjects)
    #expect(seen.keys.map(\.publicKeySHA256) == whole.keys.map(\.publicKeySHA256))
    #expect(seen.keys.allSatisfy { $0.privateHalf == nil })
    #expect(try InventoryComparison(seen, against: whole).findings.isEmpty)
  }

  @Test("keys made badly and strange objects are recorded as they are, and nothing is fatal")
  func strange() async throws {
    let bench = try TokenKeysBench()
    try bench.makeKey(named: "twin", identifier: [7])
    try bench.makeKey(named: "twin", identifier: [7], changes: [Attribute(.extractable, true), Attribute(.decrypt, true)])
    try bench.makeKey(named: "koblitz", identifier: [8], parameters: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A])
    var session = try bench.session()
    let label = String(repeating: "x", count: 10_000)
    _ = try session.createObject([.init(.objectClass, ObjectClass.data), .init(.token, true), .init(.label, label)])
    _ = try session.createObject([.init(.objectClass, ObjectClass.data), .init(.token, true), .init(.label, [0xFF, 0x0A])])
    _ = try session.createObject([.init(.objectClass, ObjectClass.data), .init(.token, false), .init(.label, "of a session")])
    _ = try session.createObject([
      .init(.objectClass, ObjectClass.certificate), .init(.token, true), .init(.certificateType, CertificateType.x509), .init(.id, [9]),
      .init(.subject, [0x30, 0]), .init(.value, [0x30, 1, 2]),
    ])
    let inventory = try await bench.keys().inventory(madeBy: "test 1")
    #expect(inventory.keys.map(\.label) == ["koblitz", "twin", "twin", "twin", "twin"], "whose halves are whose cannot be told")
    #expect(inventory.keys.map(\.algorithm).first == "ec-1.3.132.0.10")
    #expect(inventory.others.map(\.label).first { $0.contains("10000 bytes, SHA-256") } != nil)
    #expect(inventory.others.map(\.label).contains("0xff0a"))
    #expect(inventory.others.count == 2, "what lives in a session is nobody's inventory")
    #expect(inventory.unreadable.map(\.objectClass) == ["CKO_CERTIFICATE"])
    let rules = Set(InventoryReview(inventory, at: Date()).findings.map(\.rule))
    #expect(rules.isSuperset(of: [.idShared, .nameShared, .extractable, .signOnly, .weak, .unreadable, .policy]))
    #expect(try TokenInventory(content: CanonicalJSON.parse(CanonicalJSON.encode(inventory.content))) == inventory)
  }

  @Test("everything that a policy judges by is recorded: keys with the same record are judged once")
  func recorded() { #expect(ObjectReading.recorded.isSuperset(of: KeyPolicy.attributesToRead)) }

  @Test("one search, and one call for each half of a key")
  func calls() async throws {
    let made = try SoftHSMFixture.takeToken()
    let module = try FaultModule(.softHSM(made))
    let token = try Module(path: module.path).token(matching: PKCS11URI(label: made.label))
    let folder = try TemporaryFolder()
    try folder.write(made.userPIN.utf8, to: "pin")
    let keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:" + folder.path("pin")))
    for number in 1...3 { _ = try await keys.generate(.ecdsaP256, named: "key \(number)") }
    _ = try await keys.generate(.rsa2048, named: "rsa")
    try module.forgetCalls()
    #expect(try await keys.inventory(madeBy: "test 1").keys.count == 4)
    #expect(module.count(of: "C_FindObjectsInit") == 1)
    #expect(module.count(of: "C_GetAttributeValue") == 8)
    for passive in ["C_SetAttributeValue", "C_CreateObject", "C_SignInit", "C_WrapKey", "C_CopyObject", "C_GenerateKey"] {
      #expect(module.count(of: passive) == 0, "an audit tries nothing")
    }

    // An object that goes away while it is read is written down; what concerns the token ends the reading.
    try module.script(.fail("C_GetAttributeValue", "CKR_OBJECT_HANDLE_INVALID", .on(3)))
    let less = try await keys.inventory(madeBy: "test 1")
    #expect(less.unreadable.map(\.reason) == ["an object went away while it was read"])
    #expect(less.keys.count == 4)
    try module.script(.fail("C_GetAttributeValue", "CKR_DEVICE_REMOVED"))
    await #expect(throws: (any Error).self) { _ = try await keys.inventory(madeBy: "test 1") }
  }

  @Test("a login that is dropped while the token is read does not make its private keys look gone")
  func droppedLogin() async throws {
    let made = try SoftHSMFixture.takeToken()
    let module = try FaultModule(.softHSM(made))
    let token = try Module(path: module.path).token(matching: PKCS11URI(label: made.label))
    let folder = try TemporaryFolder()
    try folder.write(made.userPIN.utf8, to: "pin")
    let keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:" + folder.path("pin")))
    _ = try await keys.generate(.ecdsaP256, named: "key")
    let whole = try await keys.inventory(madeBy: "test 1")
    for function in ["C_FindObjectsInit", "C_FindObjects", "C_GetAttributeValue"] {
      try module.script(.dropLogin(on: function, .on(1)))
      #expect(try await keys.inventory(madeBy: "test 1").keys == whole.keys, "\(function)")
    }
  }

  @Test("10,001 objects: every one is told, and giant values are told as such")
  func many() throws {
    let module = try FaultModule(.standAlone, "log off")
    let token = try Module(path: module.path).tokens()[0]
    var session = try token.openSession(.readWrite)
    let before = try token.publicInventory(madeBy: "test 1").others.count
    for number in 0..<10_001 {
      _ = try session.createObject([
        .init(.objectClass, ObjectClass.data), .init(.token, true), .init(.isPrivate, false), .init(.label, "object \(number)"),
        .init(.application, "a"), .init(.modifiable, true), .init(.copyable, true), .init(.destroyable, true),
      ])
    }
    let giant = [UInt8](repeating: UInt8(ascii: "g"), count: 2 << 20)
    _ = try session.createObject([
      .init(.objectClass, ObjectClass.data), .init(.token, true), .init(.isPrivate, false), .init(.label, giant),
    ])
    let inventory = try token.publicInventory(madeBy: "test 1")
    #expect(inventory.others.count - before == 10_002)
    #expect(Set(inventory.others.map(\.label)).count >= 10_001)
    #expect(inventory.unreadable.map(\.reason) == ["CKA_LABEL: CKA_LABEL claims 2097152 bytes, which is more than is read at once"])
    try session.close()
  }
}
