import PKCS11
import Secrets
import TestSupport
import Testing

/// A fresh SoftHSM token, with the user's and the officer's PIN, for one suite or one test.
struct TokenTestbed: Sendable {
  let token: Token
  let userPIN: String
  let securityOfficerPIN: String

  init() throws {
    let made = try SoftHSMFixture.takeToken()
    token = try Self.module().token(matching: PKCS11URI(label: made.label))
    userPIN = made.userPIN
    securityOfficerPIN = made.securityOfficerPIN
  }

  /// A session with the user logged in.
  func session(_ access: SessionAccess = .readWrite) throws -> Session {
    var session = try token.openSession(access)
    try session.login(.user, pin: SecretBytes(copying: [UInt8](userPIN.utf8)))
    return session
  }

  /// SoftHSM, initialised with the shared token folder.
  static func module() throws -> Module {
    _ = try SoftHSMFixture.shared()
    return try Module(path: try #require(SoftHSMFixture.modulePath))
  }

}

/// The curve P-256 as `CKA_EC_PARAMS`: its object identifier in DER.
let p256Parameters: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]

/// Attributes of a key that signs and does nothing else, and stays on the token.
func signingKeyTemplates(
  label: String, id: [UInt8], publicKey: [Attribute], privateKey: [Attribute] = []
) -> (publicKey: [Attribute], privateKey: [Attribute]) {
  let common: [Attribute] = [Attribute(.token, true), Attribute(.label, label), Attribute(.id, id)]
  let publicAttributes =
    common + [Attribute(.isPrivate, false), Attribute(.verify, true), Attribute(.encrypt, false), Attribute(.wrap, false)]
  let privateAttributes =
    common + [
      Attribute(.isPrivate, true), Attribute(.sensitive, true), Attribute(.extractable, false), Attribute(.sign, true),
      Attribute(.decrypt, false), Attribute(.unwrap, false), Attribute(.signRecover, false), Attribute(.derive, false),
    ]
  return (publicAttributes + publicKey, privateAttributes + privateKey)
}

func makeP256Key(_ session: inout Session, label: String = "p256", id: [UInt8] = [1], privateKey: [Attribute] = []) throws -> KeyPairHandles
{
  let templates = signingKeyTemplates(
    label: label, id: id, publicKey: [Attribute(.ecParameters, p256Parameters)], privateKey: privateKey)
  return try session.generateKeyPair(.ecKeyPairGeneration, publicKey: templates.publicKey, privateKey: templates.privateKey)
}

func makeRSAKey(_ session: inout Session, label: String = "rsa", id: [UInt8] = [2]) throws -> KeyPairHandles {
  let templates = signingKeyTemplates(
    label: label, id: id, publicKey: [Attribute(.modulusBits, 2048), Attribute(.publicExponent, [1, 0, 1])])
  return try session.generateKeyPair(.rsaPKCSKeyPairGeneration, publicKey: templates.publicKey, privateKey: templates.privateKey)
}

func secret(_ text: String) -> SecretBytes {
  SecretBytes(copying: [UInt8](text.utf8))
}

/// The error that the body throws; a failed test when it throws none.
func pkcs11Error(_ body: () throws -> Void) throws -> PKCS11Error {
  do {
    try body()
  } catch let error as PKCS11Error {
    return error
  }
  throw NothingThrown()
}

struct NothingThrown: Error {}

/// Expects a session to be poisoned, or not. (`#expect` copies what it looks at, and a session cannot be copied.)
func expectPoisoned(_ session: borrowing Session, _ expected: Bool = true, sourceLocation: SourceLocation = #_sourceLocation) {
  let isPoisoned = session.isPoisoned
  #expect(isPoisoned == expected, sourceLocation: sourceLocation)
}
