import Crypto
import Foundation
import PKCS11
import Secrets
import TestSupport
import Testing
import X509

@testable import TokenKeys

@Suite("Finding exactly one", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct LookupTests {
  @Test("A key is found by name, by identifier and by public key, by this connection and by a later one")
  func found() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let made = try await [keys.generate(.ecdsaP256, named: "b"), keys.generate(.ecdsaP384, named: "a")]
    for connection in [keys, try await bench.keys()] {
      for key in made {
        let found = try await [
          connection.key(named: key.name), connection.key(identifier: key.identifier), connection.key(matching: key.publicKey),
        ]
        for one in found {
          #expect(one.parts == key.parts)
          #expect((one == key) == (connection === keys), "keys of different connections are different")
        }
      }
      #expect(try await connection.keys().map(\.name) == ["a", "b"])
      #expect(try await connection.unusableKeys().isEmpty)
    }
  }

  @Test("None is an error of its own: by name, by identifier, by public key")
  func notFound() async throws {
    let keys = try await SharedKeys.keys
    let missing = KeyIdentifier([UInt8](repeating: 0xEE, count: 20))
    let errors = try await [
      tokenKeysError { try await keys.key(named: "nobody") }, tokenKeysError { try await keys.key(identifier: missing) },
      tokenKeysError { try await keys.key(matching: .init(P256.Signing.PrivateKey().publicKey)) },
    ]
    #expect(errors.map(\.code) == [.keyNotFound, .keyNotFound, .keyNotFound])
    #expect(errors[0].hint == "list the keys with: hsmkey key list")
    #expect("\(errors[0])".contains("named nobody"))
  }

  @Test("Two with one name are ambiguous, with both identifiers in the error; each is found by its identifier")
  func ambiguousName() async throws {
    let bench = try TokenKeysBench()
    let identifiers = [[UInt8](repeating: 1, count: 20), [UInt8](repeating: 2, count: 20)]
    for identifier in identifiers { try bench.makeKey(named: "twin", identifier: identifier) }
    let keys = try await bench.keys()
    let error = try await tokenKeysError { try await keys.key(named: "twin") }
    #expect(error.code == .keyAmbiguous)
    for identifier in identifiers {
      #expect(error.message.contains(KeyIdentifier(identifier).hexadecimal))
      #expect(try await keys.key(identifier: KeyIdentifier(identifier)).name == "twin")
    }
  }

  @Test("Two with one identifier are ambiguous by identifier and unusable by name: nobody can tell which public half is whose")
  func ambiguousIdentifier() async throws {
    let bench = try TokenKeysBench()
    for name in ["one", "two"] { try bench.makeKey(named: name) }
    let keys = try await bench.keys()
    let byIdentifier = try await tokenKeysError { try await keys.key(identifier: KeyIdentifier([UInt8](repeating: 7, count: 20))) }
    #expect(byIdentifier.code == .keyAmbiguous)
    #expect(try await tokenKeysError { try await keys.key(named: "one") }.code == .keyAmbiguous)
    #expect(try await keys.keys().isEmpty)
    #expect(try await keys.unusableKeys().map(\.name).sorted() == ["one", "two"])
  }

  @Test("A private key without its public half, without an identifier, or of an unknown kind is listed as unusable, with the reason")
  func unusable() async throws {
    let bench = try TokenKeysBench()
    try bench.makeKey(named: "half", identifier: [1])
    try bench.makeKey(named: "anonymous", identifier: [])
    let secp256k1: [UInt8] = [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A]
    try bench.makeKey(named: "koblitz", identifier: [3], parameters: secp256k1)
    try bench.destroy(.publicKey, named: "half")
    var session = try bench.session()
    _ = try session.generateKeyPair(
      .rsaPKCSKeyPairGeneration,
      publicKey: [Attribute(.token, true), Attribute(.id, [4]), Attribute(.modulusBits, 1024), Attribute(.publicExponent, [1, 0, 1])],
      privateKey: [Attribute(.token, true), Attribute(.id, [4]), Attribute(.label, "small"), Attribute(.isPrivate, true)])

    let keys = try await bench.keys()
    #expect(try await keys.keys().isEmpty)
    let reasons = Dictionary(uniqueKeysWithValues: try await keys.unusableKeys().map { ($0.name, $0.reason) })
    #expect(reasons["half"]?.contains("holds no public key with CKA_ID 01") == true)
    #expect(reasons["anonymous"]?.contains("has no CKA_ID") == true)
    #expect(reasons["koblitz"]?.contains("a curve other than P-256, P-384 and P-521") == true)
    #expect(reasons["small"]?.contains("RSA with 1024 bits") == true)
    #expect(reasons.count == 4)
    #expect(try await tokenKeysError { try await keys.key(named: "half") }.code == .keyUnusable)
  }

  @Test("A wrong PIN is CKR_PIN_INCORRECT from C_Login, and the right one works afterwards, with a person's consent")
  func wrongPIN() async throws {
    let bench = try TokenKeysBench()
    let error = try await #require(throws: PKCS11Error.self) { _ = try await TokenKeys(token: bench.token, pin: bench.source("wrong-pin")) }
    #expect(error.returnValue == .pinIncorrect)
    #expect(error.function == "C_Login")
    #expect(!"\(error) \(error.hint ?? "")".contains(bench.userPIN))
    var login = try TokenLogin(token: bench.token, pin: bench.source(), isAttended: true)
    login.confirm = { _ in true }
    _ = try await TokenKeys(login)
    _ = try await bench.keys()
  }

  @Test("A PIN that cannot be read never reaches the token, and the error is the source's")
  func noPIN() async throws {
    let bench = try TokenKeysBench()
    await #expect(throws: SecretError.self) { _ = try await TokenKeys(token: bench.token, pin: bench.source("missing")) }
  }

  @Test("A key's URI names token, serial number, name, identifier and class, and no slot or PIN")
  func uri() async throws {
    let key = try await SharedKeys.p256
    let bench = try await SharedKeys.bench
    let uri = "\(key.uri)"
    #expect(uri.hasPrefix("pkcs11:"))
    #expect(key.uri.serialNumber == bench.token.serialNumber)
    #expect(key.uri.objectID == key.identifier.bytes)
    #expect(uri.contains("object=p256") && uri.contains("type=private"))
    #expect(!uri.contains("slot") && !uri.contains("pin"))
  }

  @Test("Identifiers are read and written as hexadecimal; anything else is none", arguments: ["", "0", "0g", "0 ", "é0", "+1", "0x00"])
  func identifiers(text: String) {
    #expect(KeyIdentifier(hexadecimal: text) == nil)
    #expect(KeyIdentifier(hexadecimal: "00fF10")?.bytes == [0, 255, 16])
    #expect(KeyIdentifier([0, 255, 16]).hexadecimal == "00ff10")
  }
}
