import Crypto
import PKCS11
import TestSupport
import Testing

@Suite("The fault module's tokens")
struct FaultModuleTokenTests {
  private let message = [UInt8]("a message".utf8)
  private var digest: [UInt8] { Array(SHA256.hash(data: message)) }

  @Test("the stand-alone token keeps what it is given, and its signatures verify outside of it")
  func standAlone() throws {
    let fault = try FaultModule(.standAlone)
    var session = try fault.userSession()
    let pair = try makeP256Key(&session, label: "one", id: [1])
    let signature = try session.sign(digest, with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64)
    let point = try #require(try session.attributes([.ecPoint], of: pair.publicKey).bytes(.ecPoint))
    let publicKey = try P256.Signing.PublicKey(x963Representation: point.dropFirst(2))
    #expect(publicKey.isValidSignature(try .init(rawRepresentation: signature), for: message))
    try session.verify(signature: signature, of: digest, with: .ecdsa, key: pair.publicKey)

    let values = try session.attributes([.label, .id, .sensitive, .extractable, .neverExtractable, .value, .decrypt], of: pair.privateKey)
    #expect(values.string(.label) == "one")
    #expect(values.bytes(.id) == [1])
    #expect(try values.bool(.sensitive) == true)
    #expect(try values.bool(.extractable) == false)
    #expect(try values.bool(.neverExtractable) == true)
    #expect(try values.bool(.decrypt) == false)
    #expect(values[.value].isSensitive)
    #expect(try attributeError(&session, pair.privateKey, Attribute(.extractable, true)).returnValue == .attributeReadOnly)

    let rsa = try makeRSAKey(&session)
    let rsaSignature = try session.sign(digest, with: .rsaPKCS, key: rsa.privateKey, maximumSignatureSize: 256)
    try session.verify(signature: rsaSignature, of: digest, with: .rsaPKCS, key: rsa.publicKey)
    #expect(try session.findObjects(matching: [Attribute(.objectClass, .privateKey)]).count == 2)
    try session.destroyObject(rsa.privateKey)
    #expect(try session.findObjects(matching: [Attribute(.objectClass, .privateKey)]).count == 1)

    // After a logout, private objects are gone until they are found again.
    try session.logout()
    #expect(try session.findObjects(matching: [Attribute(.objectClass, .privateKey)]).isEmpty)
    try session.login(.user, pin: secret("123456"))
    #expect(try signError(&session, pair.privateKey, digest).returnValue == .keyHandleInvalid)
    #expect(try session.findObjects(matching: [Attribute(.label, "one")]).count == 2)
    #expect(try loginErrorOfAnother(fault).returnValue == .userAnotherAlreadyLoggedIn)
  }

  @Test("a token that is not initialised can be, and then its user gets a PIN")
  func initializing() throws {
    let fault = try FaultModule(.standAlone, "uninitialized on")
    let module = try Module(path: fault.path)
    #expect(try module.tokens().isEmpty)
    let slot = try #require(try module.slots().first)
    try slot.initializeToken(label: "new", securityOfficerPIN: secret("11112222"))
    let token = try module.token(matching: PKCS11URI(label: "new"))
    #expect(!token.flags.contains(.userPINInitialized))
    var session = try token.openSession(.readWrite)
    try session.login(.securityOfficer, pin: secret("11112222"))
    try session.initializeUserPIN(secret("3333"))
    try session.logout()
    try session.login(.user, pin: secret("3333"))
    try session.setPIN(old: secret("3333"), new: secret("4444"))
  }

  @Test("two copies of the module in one process have nothing in common")
  func copies() throws {
    let (first, second) = (try FaultModule(.standAlone), try FaultModule(.standAlone, .fail("*", 0x30)))
    var session = try first.userSession()
    _ = try makeP256Key(&session)
    #expect(try pkcs11Error { _ = try second.token() }.returnValue == .deviceError)
    try second.script()
    var other = try second.userSession()
    #expect(try other.findObjects(matching: []).isEmpty)
  }

  @Test("the interface of 3.0 is there when it is asked for, and not otherwise")
  func interface() throws {
    let plain = try FaultModule(.standAlone)
    _ = try Module(path: plain.path)
    #expect(plain.count(of: "C_GetFunctionList") == 1)
    #expect(plain.count(of: "C_GetInterface") == 0)
    let later = try FaultModule(.standAlone, interface: .version3)
    _ = try Module(path: later.path)
    #expect(later.count(of: "C_GetInterface") == 1)
    #expect(later.count(of: "C_GetFunctionList") == 0)
    var session = try later.userSession()
    _ = try makeP256Key(&session)
    let failing = try FaultModule(.standAlone, interface: .version3, .fail("C_GetInterface", "CKR_FUNCTION_FAILED"))
    _ = try failing.userSession()
    #expect(failing.count(of: "C_GetFunctionList") == 1)
  }

  @Test("several processes share the tries of one token, and one of them can be killed on the way")
  func processes() async throws {
    let fault = try FaultModule(.standAlone, .pinTries(2))
    let arguments = ["--module", fault.path, "--login", "--pin", "wrong", "--list-objects"]
    async let first = run("pkcs11-tool", arguments)
    async let second = run("pkcs11-tool", arguments)
    async let third = run("pkcs11-tool", arguments)
    let codes = try await [first, second, third].map(\.succeeded)
    #expect(codes == [false, false, false])
    #expect(fault.pinTries.map(\.returnValue) == [0xA0, 0xA0, 0xA4])
    #expect(Set(fault.pinTries.map(\.process)).count == 3)
    #expect(try fault.token().flags.contains(.userPINLocked))

    try fault.script(.kill(on: "C_Login"))
    let killed = try await run("pkcs11-tool", arguments)
    #expect(killed.exitCode == 128 + 9)
    #expect(fault.events.contains("KILL C_Login"))
  }

  @Test("a pad takes no PIN from the program; the person types one, or does not")
  func protectedPath() throws {
    let fault = try FaultModule(.standAlone, FaultLine.pad(pin: "123456"))
    let token = try fault.token()
    #expect(token.flags.contains(.protectedAuthenticationPath))
    var session = try token.openSession(.readWrite)
    #expect(try loginError(&session, "123456").returnValue == .argumentsBad)
    try fault.script(FaultLine.pad(pin: "123456") + [.padRefusesPIN("CKR_PIN_INCORRECT")])
    #expect(try loginError(&session, "123456").returnValue == .pinIncorrect)
    try fault.script(FaultLine.pad(pin: "123456") + [.padCancel])
    #expect(try padError(&session).returnValue?.rawValue == 0x50)
    try fault.script(FaultLine.pad(pin: "wrong"))
    #expect(try padError(&session).returnValue == .pinIncorrect)
    #expect(fault.pinTries.count == 1)
    try fault.script(FaultLine.pad(pin: "123456"))
    try session.loginOnProtectedPath(.user)
    #expect(fault.events == ["PAD", "PAD", "PAD"])
  }

  @Test("a key that wants the PIN each time: nothing may come between, and no question for the size", arguments: [true, false])
  func alwaysAuthenticate(_ isEmulated: Bool) throws {
    let fault = try FaultModule(.standAlone, isEmulated ? [.alwaysAuthenticate] : [])
    var session = try fault.userSession()
    let more = isEmulated ? [] : [Attribute(.alwaysAuthenticate, true)]
    let pair = try makeP256Key(&session, privateKey: more)
    for _ in 0..<2 {
      _ = try session.sign(digest.span, with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64, authenticatingWith: secret("123456"))
    }
    #expect(try signError(&session, pair.privateKey, digest).returnValue == .userNotLoggedIn)
    var next = try fault.token().openSession(.readOnly)
    do {
      _ = try next.sign(digest.span, with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64, authenticatingWith: secret("wrong"))
      Issue.record("a wrong PIN was taken")
    } catch { #expect(error.returnValue == .pinIncorrect) }
    #expect(fault.pinTries.map(\.function) == ["C_Login", "C_Login(context)", "C_Login(context)", "C_Login(context)"])
    #expect(!fault.events.contains("SIZE-QUERY"))
  }

  @Test("attributes are refused, demanded, assumed, hidden and lied about")
  func attributes() throws {
    let fault = try FaultModule(.standAlone)
    var session = try fault.userSession()

    func refusal(_ line: FaultLine) throws -> ReturnValue? {
      try fault.script(line)
      do { _ = try makeP256Key(&session) } catch let error as PKCS11Error { return error.returnValue }
      return nil
    }
    #expect(try refusal("refuse-attribute CKA_EXTRACTABLE CKR_TEMPLATE_INCONSISTENT private") == .templateInconsistent)
    #expect(try refusal("refuse-attribute CKA_EXTRACTABLE = FALSE") == .attributeTypeInvalid)
    #expect(try refusal("refuse-attribute CKA_EXTRACTABLE = TRUE") == nil)
    #expect(try refusal("refuse-attribute CKA_EXTRACTABLE public") == nil)
    #expect(try refusal("refuse-attribute CKA_EXTRACTABLE create set") == nil)
    #expect(try refusal("require-attribute CKA_COPYABLE private") == .templateIncomplete)
    #expect(try refusal("require-attribute CKA_SIGN = TRUE CKR_ATTRIBUTE_VALUE_INVALID private") == nil)
    #expect(try refusal("require-attribute CKA_PRIVATE = TRUE CKR_ATTRIBUTE_VALUE_INVALID public") == .attributeValueInvalid)
    #expect(try refusal("limit-attribute CKA_LABEL 3") == .attributeValueInvalid)
    #expect(try refusal("hide-mechanism CKM_EC_KEY_PAIR_GEN") == .mechanismInvalid)
    #expect(try refusal("only-mechanisms CKM_ECDSA") == .mechanismInvalid)
    #expect(try fault.token().mechanisms().keys.map { $0 } == [.ecdsa])

    try fault.script(
      "swallow-attribute CKA_DECRYPT private", "default-attribute CKA_COPYABLE = FALSE", "add-mechanism CKM_SHA3_256 0 0 0x400")
    let pair = try makeP256Key(&session, label: "odd")
    var values = try session.attributes([.decrypt, .copyable], of: pair.privateKey)
    #expect(try values.bool(.decrypt) == true)
    #expect(try values.bool(.copyable) == false)
    #expect(try fault.token().mechanisms()[MechanismType(rawValue: 0x2B0)] != nil)

    try fault.script(.hideAttribute("CKA_LABEL"), "force-attribute CKA_SENSITIVE = FALSE private", "force-attribute CKA_ID = hex:00000000")
    values = try session.attributes([.label, .sensitive, .id, .extractable], of: pair.privateKey)
    #expect(values[.label].isUnavailable)
    #expect(try values.bool(.sensitive) == false)
    #expect(values.bytes(.id) == [0, 0, 0, 0])
    #expect(try values.bool(.extractable) == false)
    #expect(fault.calls.contains { $0.function == "C_GetAttributeValue" && $0.returnValue == 0x12 })
  }

  @Test("each dialect can be loaded, names its maker, and lets a template through that suits it", arguments: FaultLine.Dialect.allCases)
  func dialects(_ dialect: FaultLine.Dialect) throws {
    let fault = try FaultModule(.standAlone, .dialect(dialect))
    let token = try fault.token()
    #expect(token.manufacturer != "Tests")
    var session = try token.openSession(.readWrite)
    try session.login(.user, pin: secret("123456"))
    var common: [Attribute] = [Attribute(.token, true), Attribute(.label, "key"), Attribute(.id, [9])]
    var publicKey = [Attribute(.ecParameters, p256Parameters), Attribute(.verify, true)]
    var privateKey = [Attribute(.sensitive, true), Attribute(.sign, true), Attribute(.unwrap, false)]
    if dialect != .tpm2 { privateKey.append(Attribute(.decrypt, false)) }
    if dialect != .ykcs11 { privateKey.append(Attribute(.extractable, false)) }
    if dialect == .kmsp11 {
      common = [Attribute(.label, "key")]
      (publicKey, privateKey) = ([], [Attribute(AttributeType(rawValue: 0x8001_E101), 12)])
    }
    let mechanism: Mechanism = dialect == .opencryptoki ? .rsaPKCSKeyPairGeneration : .ecKeyPairGeneration
    if dialect == .opencryptoki { publicKey = [Attribute(.modulusBits, 2048)] }
    let pair = try session.generateKeyPair(mechanism, publicKey: common + publicKey, privateKey: common + privateKey)
    let values = try session.attributes([.label, .sensitive, .extractable], of: pair.privateKey)
    #expect(values.string(.label) == "key")
    #expect(try values.bool(.sensitive) == true)
    #expect(try values.bool(.extractable) == false)
  }
}

private func padError(_ session: inout Session) throws -> PKCS11Error {
  do { try session.loginOnProtectedPath(.user) } catch { return error }
  throw NothingThrown()
}

private func attributeError(_ session: inout Session, _ object: ObjectHandle, _ attribute: Attribute) throws -> PKCS11Error {
  do { try session.setAttributes([attribute], of: object) } catch { return error }
  throw NothingThrown()
}

private func loginErrorOfAnother(_ fault: FaultModule) throws -> PKCS11Error {
  var session = try fault.token().openSession(.readWrite)
  do { try session.login(.securityOfficer, pin: secret("87654321")) } catch { return error }
  throw NothingThrown()
}
