import PKCS11
import TestSupport
import Testing

@Suite("The fault module", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct FaultModuleTests {
  @Test("without a script it is what it stands on: the same token, the same mechanisms, signatures that SoftHSM verifies")
  func transparency() throws {
    let made = try SoftHSMFixture.takeToken()
    let fault = try FaultModule(.softHSM(made))
    let token = try fault.token()
    let direct = try TokenTestbed.module().token(matching: PKCS11URI(label: made.label))
    #expect(token.isSame(as: direct))
    #expect(token.flags == direct.flags)
    #expect(token.maximumPINLength == direct.maximumPINLength)
    #expect(token.maximumSessionCount == direct.maximumSessionCount)
    #expect(try token.mechanisms() == direct.mechanisms())

    var session = try token.openSession(.readWrite)
    try session.login(.user, pin: secret(made.userPIN))
    let pair = try makeP256Key(&session, label: "through", id: [7])
    let digest = [UInt8](repeating: 0x11, count: 32)
    let signature = try session.sign(digest, with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64)
    var plain = try direct.openSession(.readOnly)
    let publicKey = try #require(try plain.findObjects(matching: [Attribute(.label, "through")]).first)
    try plain.verify(signature: signature, of: digest, with: .ecdsa, key: publicKey)
    let types: [AttributeType] = [.label, .id, .keyType, .ecPoint, .verify, .encrypt, .isPrivate, .modulus]
    let values = try session.attributes(types, of: pair.publicKey)
    let plainValues = try plain.attributes(types, of: publicKey)
    for type in types { #expect(values.bytes(type) == plainValues.bytes(type)) }
    #expect(fault.count(of: "C_SignInit") == 1)
    #expect(fault.calls.contains { $0.function == "C_GetAttributeValue" && $0.returnValue == 0x12 })
    #expect(!fault.events.contains { $0.hasPrefix("SCRIPT-ERROR") })
    #expect(fault.pinTries.map(\.wasWrong) == [false])
    try session.close()
    try plain.close()
  }

  @Test("a function fails on the call that the script names, and vendor codes come through")
  func failing() throws {
    let fault = try FaultModule(.softHSM, .fail("C_GenerateRandom", 0x8000_0001, .on(2)))
    let token = try fault.token()
    // What a failure does to its session is not asked here, so each call has one of its own.
    func answer() throws -> UInt {
      var session = try token.openSession(.readOnly)
      do { _ = try session.generateRandom(count: 4) } catch { return error.returnValue?.rawValue ?? .max }
      return 0
    }
    #expect(try (0..<3).map { _ in try answer() } == [0, 0x8000_0001, 0])
    // A line that stays goes on counting, a new one begins.
    try fault.add(.fail("C_GenerateRandom", "CKR_DEVICE_MEMORY", .from(2), .times(2)))
    #expect(try (0..<4).map { _ in try answer() } == [0, 0x31, 0x31, 0])
    // Opening a session asks for the token's information as well, and closing is a call too.
    try fault.script(.fail("*", "CKR_FUNCTION_FAILED", .on(3)))
    #expect(try (0..<2).map { _ in try answer() } == [6, 0])
    try fault.script()
    #expect(try answer() == 0)
  }

  @Test("a call can fail although it was made: the key pair is there")
  func failingAfterwards() throws {
    let made = try SoftHSMFixture.takeToken()
    let fault = try FaultModule(.softHSM(made), .fail("C_GenerateKeyPair", "CKR_DEVICE_ERROR", .after))
    var session = try fault.token().openSession(.readWrite)
    try session.login(.user, pin: secret(made.userPIN))
    do {
      _ = try makeP256Key(&session, label: "lost")
      Issue.record("the failure was not told")
    } catch let error as PKCS11Error { #expect(error.returnValue == .deviceError) }
    var other = try fault.token().openSession(.readOnly)
    #expect(try other.findObjects(matching: [Attribute(.label, "lost")]).count == 2)
  }

  @Test("a script with an unknown word makes every call fail, so that no test passes by a slip")
  func brokenScript() throws {
    let fault = try FaultModule(.standAlone, "fial C_Sign 1")
    let error = try pkcs11Error { _ = try Module(path: fault.path) }
    #expect(error.returnValue?.rawValue == 0x8000_FA17)
    #expect(fault.events == ["SCRIPT-ERROR fial C_Sign 1"])
  }

  @Test("a function hangs until it is let go: by a new script, or by the end of the test")
  func hanging() async throws {
    let fault = try FaultModule(.softHSM, .hang("C_GenerateRandom", .on(1)))
    let session = Task.detached {
      var session = try fault.anySession()
      _ = try session.generateRandom(count: 4)
      try session.close()
    }
    #expect(try await fault.happened("HANG C_GenerateRandom"))
    #expect(fault.count(of: "C_GenerateRandom") == 0)
    var other = try fault.anySession()
    _ = try other.generateRandom(count: 4)
    #expect(fault.count(of: "C_GenerateRandom") == 1)
    try fault.script(.delay("C_GenerateRandom", .milliseconds(30)))
    try await session.value
    #expect(fault.events.contains("RELEASED C_GenerateRandom"))
    _ = try other.generateRandom(count: 4)
    #expect(try #require(fault.calls.last).duration >= .milliseconds(30))
    try other.close()
  }

  @Test("sessions are dropped with the login; the login alone; and handles of objects")
  func dropping() throws {
    let made = try SoftHSMFixture.takeToken()
    let fault = try FaultModule(.softHSM(made))
    let token = try fault.token()
    var session = try token.openSession(.readWrite)
    try session.login(.user, pin: secret(made.userPIN))
    let pair = try makeP256Key(&session)
    let digest = [UInt8](repeating: 1, count: 32)

    try fault.script(.dropObjects(on: "C_SignInit", .once))
    #expect(try signError(&session, pair.privateKey, digest).returnValue == .keyHandleInvalid)
    let found = try #require(try session.findObjects(matching: [Attribute(.objectClass, .privateKey)]).first)
    #expect(found != pair.privateKey)
    _ = try session.sign(digest, with: .ecdsa, key: found, maximumSignatureSize: 64)

    try fault.script(.dropLogin(on: "C_GenerateRandom", .once))
    _ = try session.generateRandom(count: 4)
    #expect(try session.findObjects(matching: [Attribute(.objectClass, .privateKey)]).isEmpty)
    try session.login(.user, pin: secret(made.userPIN))
    #expect(try session.findObjects(matching: [Attribute(.objectClass, .privateKey)]).count == 1)

    try fault.script(.dropSessions(on: "C_GenerateRandom", .on(2)))
    _ = try session.generateRandom(count: 4)
    #expect(try randomError(&session).returnValue == .sessionHandleInvalid)
    var next = try token.openSession(.readOnly)
    #expect(try next.findObjects(matching: [Attribute(.objectClass, .privateKey)]).isEmpty)

    try fault.script(.deinitialize(on: "C_GenerateRandom", .once))
    #expect(try randomError(&next).returnValue == .cryptokiNotInitialized)
    #expect(fault.events.contains("DEINITIALIZE C_GenerateRandom"))
  }

  @Test("sessions are capped, told or not; idle ones expire; bursts and read-only ones are refused")
  func sessionLimits() async throws {
    let fault = try FaultModule(.softHSM(try SoftHSMFixture.takeToken()), .maxSessions(2), .maxReadWriteSessions(1))
    let token = try fault.token()
    #expect(token.maximumSessionCount == .maximum(2))
    var first = try token.openSession(.readWrite)
    #expect(try openError(token, .readWrite).returnValue == .sessionCount)
    let second = try token.openSession(.readOnly)
    #expect(try openError(token, .readOnly).returnValue == .sessionCount)
    #expect(try token.information().sessionCount == 2)
    try second.close()
    try token.openSession(.readOnly).close()

    try fault.script(.maxSessions(2), .claimSessions(0))
    #expect(try token.information().maximumSessionCount == .infinite)
    try fault.script(.maxSessions(2), .claimSessions(nil))
    #expect(try token.information().maximumSessionCount == .unavailable)

    try fault.script(.idleExpiry(.milliseconds(20)))
    try await Task.sleep(for: .milliseconds(60))
    #expect(try randomError(&first).returnValue == .sessionHandleInvalid)
    #expect(fault.events.contains("IDLE-EXPIRED"))

    try fault.script(.noReadOnlySessions(), .openBurst(2, within: .seconds(3600)))
    #expect(try openError(token, .readOnly).returnValue == .sessionReadOnly)
    try token.openSession(.readWrite).close()
    try token.openSession(.readWrite).close()
    #expect(try openError(token, .readWrite).returnValue == .argumentsBad)
    try fault.script(.noReadWriteSessions())
    #expect(try openError(token, .readWrite).returnValue == .tokenWriteProtected)
    try fault.script(.tokenAbsent)
    #expect(try openError(token, .readOnly).returnValue == .tokenNotPresent)
    #expect(try token.module.tokens().isEmpty)
  }

  @Test("wrong PINs are counted, told by flags or not, and lock the token; a right one in time makes them forgotten")
  func pinTries() throws {
    let made = try SoftHSMFixture.takeToken()
    let fault = try FaultModule(.softHSM(made), .pinTries(3))
    let token = try fault.token()
    var session = try token.openSession(.readWrite)
    let warnings: TokenFlags = [.userPINCountLow, .userPINFinalTry, .userPINLocked]

    #expect(try token.information().flags.isDisjoint(with: warnings))
    #expect(try loginError(&session, "wrong").returnValue == .pinIncorrect)
    #expect(try token.information().flags.intersection(warnings) == [.userPINCountLow])
    try session.login(.user, pin: secret(made.userPIN))
    #expect(try token.information().flags.isDisjoint(with: warnings))
    try session.logout()
    for flags in [TokenFlags.userPINCountLow, [.userPINCountLow, .userPINFinalTry], .userPINLocked] {
      #expect(try loginError(&session, "wrong").returnValue == .pinIncorrect)
      #expect(try token.information().flags.intersection(warnings) == flags)
    }
    #expect(try loginError(&session, made.userPIN).returnValue == .pinLocked)
    try fault.script(.pinTries(3), .noPINFlags)
    #expect(try token.information().flags.isDisjoint(with: warnings))
    #expect(try loginError(&session, made.userPIN).returnValue == .pinLocked)
    #expect(fault.pinTries.count { $0.wasWrong } == 4)

    // The officer gives the user a new PIN, and with it new tries.
    try session.login(.securityOfficer, pin: secret(made.securityOfficerPIN))
    try session.initializeUserPIN(secret("345678"))
    try session.logout()
    try session.login(.user, pin: secret("345678"))
  }

  @Test("sessions that are open when the module is finalized are noticed")
  func leftOpen() throws {
    let fault = try FaultModule(.softHSM(try SoftHSMFixture.takeToken()))
    let module = try Module(path: fault.path)
    let token = try #require(try module.tokens().first)
    let session = try token.openSession(.readOnly)
    try module.finalize()
    #expect(fault.events == ["OPEN-AT-FINALIZE 1"])
    // SoftHSM itself was left alone.
    #expect(try !TokenTestbed.module().tokens().isEmpty)
    _ = consume session
  }
}

extension FaultModule {
  /// The only token that shows.
  func token() throws -> Token {
    try #require(try Module(path: path).tokens().first)
  }

  /// A session in which the user of the stand-alone token is logged in.
  func userSession() throws -> Session {
    var session = try token().openSession(.readWrite)
    try session.login(.user, pin: secret("123456"))
    return session
  }

  /// A session with some token, for calls that need no login.
  func anySession() throws -> Session {
    try token().openSession(.readOnly)
  }
}

// A session cannot be captured by a closure, so the errors of these are caught here.

private func randomError(_ session: inout Session) throws -> PKCS11Error {
  do { _ = try session.generateRandom(count: 4) } catch { return error }
  throw NothingThrown()
}

func loginError(_ session: inout Session, _ pin: String) throws -> PKCS11Error {
  do { try session.login(.user, pin: secret(pin)) } catch { return error }
  throw NothingThrown()
}

func signError(_ session: inout Session, _ key: ObjectHandle, _ digest: [UInt8]) throws -> PKCS11Error {
  do { _ = try session.sign(digest, with: .ecdsa, key: key, maximumSignatureSize: 64) } catch { return error }
  throw NothingThrown()
}

private func openError(_ token: Token, _ access: SessionAccess) throws -> PKCS11Error {
  do { try token.openSession(access).close() } catch { return error }
  throw NothingThrown()
}
