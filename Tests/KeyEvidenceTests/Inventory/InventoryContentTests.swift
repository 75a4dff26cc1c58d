import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import Testing
import X509

@testable import KeyEvidence

@Suite("Inventory: as a file has it")
struct InventoryContentTests {
  private let whole = Sample.inventory(
    keys: [Sample.key(), Sample.key("half", id: "", key: .some(nil), publicHalf: .some(nil))],
    certificates: [Sample.certificate(), .init(label: "broken", id: "", sha256: "", attributes: .init(), contents: nil)],
    others: [Sample.object("CKO_SECRET_KEY")], unreadable: [.init(objectClass: "", label: "", id: "", reason: "gone")])

  @Test("what is written is read again as it was")
  func roundTrip() throws {
    let bytes = CanonicalJSON.encode(whole.content)
    #expect(try TokenInventory(content: CanonicalJSON.parse(bytes)) == whole)
  }

  @Test("what does not belong there is refused, with its place")
  func strict() throws {
    func error(_ change: (inout [String: JSONValue]) -> Void) throws -> EvidenceError {
      guard case .object(var members) = whole.content else { throw ASN1Error.invalidASN1Object(reason: "no object") }
      change(&members)
      let content = JSONValue.object(members)
      return try #require(#expect(throws: EvidenceError.self) { _ = try TokenInventory(content: content) })
    }
    #expect(try error { $0["more"] = 1 }.where == "/content/more")
    #expect(try error { $0["keys"] = nil }.where == "/content")
    #expect(try error { $0["scope"] = "some" }.where == "/content/scope")
    for time in ["2026-11-23", "2026-11-23T05:20:00+01:00", "2026-13-23T05:20:00Z", "yesterday, at the hour of tea"] {
      #expect(try error { $0["made-at"] = .string(time) }.where == "/content/made-at")
    }
    #expect(try error { $0["others"] = ["x"] }.where == "/content/others/0")
    #expect(
      try error {
        $0["others"] = [["class": "CKO_DATA", "label": "", "id": "", "attributes": ["sensitive": "yes"]]]
      }.where == "/content/others/0/attributes/sensitive")
    #expect(
      try error {
        $0["keys"] = [["algorithm": "rsa-2048", "public-key-sha256": .null, "private": .null, "public": .null]]
      }.where == "/content/keys/0/private")
  }

  @Test("a certificate is told by what stands in it, and its key by the name that every key has")
  func certificate() throws {
    let key = P256.Signing.PrivateKey()
    let name = try DistinguishedName { CommonName("Ab Demo Oy") }
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(bytes: [0x2A]), publicKey: .init(key.publicKey), notValidBefore: Sample.now,
      notValidAfter: Sample.now.addingTimeInterval(86400), issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init { Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil)) }, issuerPrivateKey: .init(key))
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    let contents = try InventoryCertificate.Contents(derEncoded: serializer.serializedBytes)
    #expect(contents.subject == "CN=Ab Demo Oy")
    #expect(contents.serial == "2a")
    #expect(contents.notBefore == Sample.now && contents.notAfter == Sample.now.addingTimeInterval(86400))
    #expect(contents.isAuthority)
    #expect(contents.signatureAlgorithm == "ecdsaWithSHA256")
    #expect(contents.keyAlgorithm == "ecdsa-p256")
    let information = try Certificate.PublicKey(key.publicKey).subjectPublicKeyInfo
    #expect(contents.publicKeySHA256 == EvidenceText.sha256(information))
    let parameters: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
    #expect(try PublicKeyName(curve: parameters, point: Array(key.publicKey.x963Representation)).sha256 == contents.publicKeySHA256)
    for length in [0, 1, 20, serializer.serializedBytes.count - 1] {
      #expect(throws: (any Error).self) {
        _ = try InventoryCertificate.Contents(derEncoded: Array(serializer.serializedBytes.prefix(length)))
      }
    }
  }

  @Test("public keys are named by what token objects tell as they are by X.509")
  func names() throws {
    let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048).publicKey
    let primitives = try rsa.getKeyPrimitives()
    let named = try PublicKeyName(rsaModulus: [0, 0] + Array(primitives.modulus), exponent: Array(primitives.publicExponent))
    #expect(named == (try PublicKeyName(subjectPublicKeyInfo: try Certificate.PublicKey(rsa).subjectPublicKeyInfo)))
    #expect(named.algorithm == "rsa-2048")
    let edwards = Curve25519.Signing.PrivateKey().publicKey
    let name = try PublicKeyName(edwardsKey: Array(edwards.rawRepresentation))
    #expect(name.sha256 == EvidenceText.sha256(try Certificate.PublicKey(edwards).subjectPublicKeyInfo))
    #expect(name.algorithm == "ed25519")
    #expect(PublicKeyName.algorithm(ofCurve: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A]) == "ec-1.3.132.0.10")
    #expect(PublicKeyName.algorithm(ofCurve: [1, 2, 3]) == "ec-explicit")
  }

  @Test("halves are brought together by public key, then by an identifier, and by the label only where several share that")
  func pairing() throws {
    func keys(_ halves: [(isPrivate: Bool, label: String, id: String, key: String?)]) -> [InventoryKey] {
      var builder = InventoryBuilder()
      for half in halves {
        let sha256 = half.key.map(Sample.digest)
        if half.isPrivate {
          builder.add(privateHalf: .init(Sample.privateHalf(half.label, id: half.id), algorithm: "a", publicKeySHA256: sha256))
        } else {
          builder.add(publicHalf: .init(Sample.publicHalf(half.label, id: half.id), algorithm: "a", publicKeySHA256: sha256))
        }
      }
      return builder.inventory(of: Sample.token, scope: .all, policy: "p", madeAt: Sample.now, madeBy: "t").keys
    }
    let byID = keys([(true, "one", "01", nil), (false, "another name", "01", "k")])
    #expect(byID.count == 1 && byID[0].publicKeySHA256 == Sample.digest("k"))
    let byKey = keys([(true, "one", "01", "k"), (false, "one", "02", "k")])
    #expect(byKey.count == 1 && byKey[0].publicHalf?.id == "02")
    #expect(keys([(true, "one", "", nil), (false, "one", "", "k")]).count == 2)
    #expect(keys([(true, "one", "01", "k"), (false, "one", "01", "other")]).count == 2)
    let shared = keys([(true, "a", "07", nil), (true, "b", "07", nil), (false, "a", "07", "k"), (false, "b", "07", "l")])
    #expect(shared.count == 2 && shared.allSatisfy { $0.privateHalf?.label == $0.publicHalf?.label })
    #expect(shared.compactMap(\.privateHalf?.verdict?.objections) == [["KEY-UNIQUE-ID"], ["KEY-UNIQUE-ID"]])
  }

  @Test("texts are made fit for a file: no control characters, not too long")
  func fitting() {
    #expect("plain".fitting(5) == "plain")
    #expect("a\u{1B}b".fitting(20) == "a\u{FFFD}b")
    let long = String(repeating: "é", count: 100).fitting(50)
    #expect(long.utf8.count <= 50 && long.hasSuffix("…"))
  }
}
