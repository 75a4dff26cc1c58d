import PKCS11
import Secrets
import TestSupport
import Testing

@Suite("Tokens", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct TokenTests {
  @Test("SoftHSM is described as it describes itself")
  func description() throws {
    let testbed = try TokenTestbed()
    let token = testbed.token
    #expect(token.manufacturer == "SoftHSM project")
    #expect(token.model == "SoftHSM v2")
    #expect(token.serialNumber.count == 16)
    #expect(token.flags.isSuperset(of: [.tokenInitialized, .userPINInitialized, .loginRequired, .randomNumberGenerator]))
    #expect(token.minimumPINLength == 4)
    #expect(token.maximumPINLength == 255)
    #expect(token.maximumSessionCount == .infinite)
    #expect(token.maximumReadWriteSessionCount == .infinite)
    #expect(try token.module.token(matching: token.uri).isSame(as: token))
    let mechanisms = try token.mechanisms()
    #expect(mechanisms[.rsaPKCSKeyPairGeneration]?.flags.contains(.generateKeyPair) == true)
    #expect(try #require(mechanisms[.sha256RSAPKCS]).maximumKeySize >= 4096)
    #expect(mechanisms[.ecdsaSHA256] == nil)
  }

  /// In a process of its own: SoftHSM makes a new slot when one was used up, and aborts when two threads see the need at once.
  @Test("a token is initialised, its user gets a PIN and changes it")
  func initialization() async {
    await #expect(processExitsWith: .success) { try Self.initializeToken() }
  }

  private static func initializeToken() throws {
    let module = try TokenTestbed.module()
    let label = "made by the API ä"
    let slot = try #require(try module.slots().first { try $0.token()?.flags.contains(.tokenInitialized) == false })
    try slot.initializeToken(label: label, securityOfficerPIN: secret("87654321"))
    let token = try module.token(matching: PKCS11URI(label: label))
    #expect(!token.flags.contains(.userPINInitialized))

    var session = try token.openSession(.readWrite)
    try session.login(.securityOfficer, pin: secret("87654321"))
    try session.initializeUserPIN(secret("1111"))
    try session.logout()
    #expect(try token.information().flags.contains(.userPINInitialized))
    try session.login(.user, pin: secret("1111"))
    try session.setPIN(old: secret("1111"), new: secret("222222"))
    try session.logout()
    do {
      try session.login(.user, pin: secret("1111"))
      Issue.record("the old PIN still works")
    } catch {
      #expect(error.returnValue == .pinIncorrect)
    }
    try session.login(.user, pin: secret("222222"))
    try session.close()
    // Once more: everything on it is gone, and what described the token before is refused.
    try token.slot.initializeToken(label: label + "2", securityOfficerPIN: secret("87654321"))
    #expect(try pkcs11Error { _ = try token.openSession(.readOnly) }.rule == .tokenPresent)
  }

  @Test(
    "TOKEN-LABEL: a label that does not fit is refused before the token hears of it",
    arguments: [
      "", String(repeating: "x", count: 33), String(repeating: "ä", count: 17), "a\nb",
    ])
  func badLabel(_ label: String) throws {
    let slot = try #require(try TokenTestbed.module().slots().first)
    let error = try pkcs11Error { try slot.initializeToken(label: label, securityOfficerPIN: secret("87654321")) }
    #expect(error.rule == .tokenLabel)
  }

  @Test("TOKEN-PRESENT: a token that is not there is an error that lists those that are")
  func noToken() throws {
    let testbed = try TokenTestbed()
    let error = try pkcs11Error { _ = try testbed.token.module.token(matching: PKCS11URI("pkcs11:token=nobody")) }
    #expect(error.rule == .tokenPresent)
    #expect(error.message.contains(testbed.token.serialNumber))
  }

  @Test("TOKEN-UNAMBIGUOUS: several matching tokens are an error that lists label and serial of each")
  func severalTokens() throws {
    let first = try TokenTestbed()
    let second = try TokenTestbed()
    let module = first.token.module
    let error = try pkcs11Error { _ = try module.token(matching: PKCS11URI("pkcs11:model=SoftHSM%20v2")) }
    #expect(error.rule == .tokenUnambiguous)
    for token in [first.token, second.token] {
      #expect(error.message.contains("\"\(token.label)\" (serial \(token.serialNumber))"))
    }
    #expect(try module.token(matching: PKCS11URI("pkcs11:serial=\(second.token.serialNumber)")).isSame(as: second.token))
  }

  @Test("a wrong PIN is CKR_PIN_INCORRECT from C_Login on that token, with advice and without the PIN")
  func wrongPIN() throws {
    let testbed = try TokenTestbed()
    var session = try testbed.token.openSession(.readOnly)
    do {
      try session.login(.user, pin: secret("00000000"))
      Issue.record("any PIN will do")
    } catch {
      #expect(error.rule == .call)
      #expect(error.returnValue == .pinIncorrect)
      #expect(error.function == "C_Login")
      #expect(error.token == testbed.token.label)
      #expect(
        error.description == "log in as the user: the token refused the PIN: CKR_PIN_INCORRECT (0xA0) from C_Login, token "
          + "\"\(testbed.token.label)\" [PKCS11-CALL]")
      #expect(error.hint != nil)
      #expect(!"\(error) \(error.hint ?? "")".contains("00000000"))
    }
    #expect(try testbed.token.information().flags.contains(.userPINCountLow))
    try session.login(.user, pin: secret(testbed.userPIN))
    #expect(try !testbed.token.information().flags.contains(.userPINCountLow))
  }

  @Test("PIN-PRESENT: an empty PIN does not reach the token, where it would mean the pad of the device")
  func emptyPIN() throws {
    let testbed = try TokenTestbed()
    var session = try testbed.token.openSession(.readWrite)
    do {
      try session.login(.user, pin: secret(""))
      Issue.record("an empty PIN was tried")
    } catch {
      #expect(error.rule == .pinPresent)
    }
    #expect(try pkcs11Error { try testbed.token.slot.initializeToken(label: "x", securityOfficerPIN: secret("")) }.rule == .pinPresent)
  }

  @Test("a second login of the same user is success; the officer cannot log in beside a read-only session")
  func logins() throws {
    let testbed = try TokenTestbed()
    var session = try testbed.session(.readOnly)
    var other = try testbed.token.openSession(.readWrite)
    try other.login(.user, pin: secret(testbed.userPIN))
    do { try other.login(.securityOfficer, pin: secret(testbed.securityOfficerPIN)) } catch {
      #expect(error.returnValue == .userAnotherAlreadyLoggedIn || error.returnValue == .sessionReadOnlyExists)
    }
    // The login is the program's: it survives the session it was made in.
    try other.close()
    #expect(try session.findObjects(matching: []).isEmpty)
  }

  @Test("closing a session, or letting it go, does not log out")
  func closingKeepsLogin() throws {
    let testbed = try TokenTestbed()
    var anchor = try testbed.session()
    let pair = try makeP256Key(&anchor)
    do {
      let dropped = try testbed.session(.readOnly)
      _ = consume dropped
    }
    let signature = try anchor.sign([UInt8](repeating: 1, count: 32), with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64)
    #expect(signature.count == 64)
  }

  @Test("RANDOM-COUNT: random bytes are as many as asked for, and not twice the same")
  func randomBytes() throws {
    var session = try TokenTestbed().token.openSession(.readOnly)
    let first = try session.generateRandom(count: 32)
    let second = try session.generateRandom(count: 32)
    #expect(first.count == 32)
    #expect(first != second)
    do { _ = try session.generateRandom(count: 0) } catch { #expect(error.rule == .randomCount) }
    do { _ = try session.generateRandom(count: 1 << 20 + 1) } catch { #expect(error.rule == .randomCount) }
  }
}
