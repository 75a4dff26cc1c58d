import PKCS11
import TestSupport
import Testing

@Suite("A module that misbehaves")
struct FaultyModuleTests {
  @Test("a search goes on until nothing is found any more, and ends")
  func completeSearch() async throws {
    let scripted = try await ScriptedModule()
    var session = try scripted.session()
    let found = try session.findObjects(matching: [])
    #expect(found.count == 700)
    #expect(Set(found).count == 700)
    #expect(scripted.calls.last == "C_FindObjectsFinal")
    let two = try session.findObjects(matching: [], limit: 2)
    #expect(two.count == 2)
    #expect(scripted.calls.last == "C_FindObjectsFinal")
  }

  @Test("a search that fails half way is ended all the same, and the session stays usable")
  func failingSearch() async throws {
    let scripted = try await ScriptedModule(["FAIL": "C_FindObjects", "FAIL_WITH": "CKR_FUNCTION_FAILED"])
    var session = try scripted.session()
    do {
      _ = try session.findObjects(matching: [])
      Issue.record("the failure was not told")
    } catch {
      #expect(error.function == "C_FindObjects")
    }
    #expect(scripted.calls.last == "C_FindObjectsFinal")
    expectPoisoned(session, false)
  }

  @Test("SESSION-USABLE: a search that cannot be ended poisons the session")
  func endlessSearch() async throws {
    let scripted = try await ScriptedModule(["FAIL": "C_FindObjectsFinal", "FAIL_WITH": "CKR_GENERAL_ERROR"])
    var session = try scripted.session()
    do { _ = try session.findObjects(matching: []) } catch { #expect(error.function == "C_FindObjectsFinal") }
    expectPoisoned(session)
    do { _ = try session.findObjects(matching: []) } catch { #expect(error.rule == .sessionUsable) }
    try session.close()
    #expect(scripted.calls.last == "C_CloseSession")
  }

  @Test("LIST-SIZE: more objects than were asked for is a lie, and the search ends")
  func tooManyObjects() async throws {
    let scripted = try await ScriptedModule(["FIND_COUNT": "257"])
    var session = try scripted.session()
    do {
      _ = try session.findObjects(matching: [])
      Issue.record("the count was believed")
    } catch {
      #expect(error.rule == .listSize)
    }
    #expect(scripted.calls.last == "C_FindObjectsFinal")
  }

  @Test(
    "SIGNATURE-SIZE: a signature without a byte, or with more than there was room for, poisons the session", arguments: ["0", "65", "-1"])
  func wrongSignatureSize(_ length: String) async throws {
    let scripted = try await ScriptedModule(["SIGN_LENGTH": "((CK_ULONG)\(length))"])
    var session = try scripted.session()
    do {
      _ = try session.sign([UInt8](repeating: 1, count: 32), with: .ecdsa, key: ObjectHandle(rawValue: 1), maximumSignatureSize: 64)
      Issue.record("the length was believed")
    } catch {
      #expect(error.rule == .signatureSize)
    }
    expectPoisoned(session)
  }

  @Test("SESSION-USABLE: after C_Sign failed, nothing but close is left")
  func failingSign() async throws {
    let scripted = try await ScriptedModule(["FAIL": "C_Sign", "FAIL_WITH": "CKR_FUNCTION_FAILED"])
    var session = try scripted.session()
    do {
      _ = try session.sign([UInt8](repeating: 1, count: 32), with: .ecdsa, key: ObjectHandle(rawValue: 1), maximumSignatureSize: 64)
      Issue.record("the failure was not told")
    } catch {
      #expect(error.returnValue == .functionFailed)
      #expect(error.token == "scripted")
    }
    do {
      _ = try session.sign([UInt8](repeating: 1, count: 32), with: .ecdsa, key: ObjectHandle(rawValue: 1), maximumSignatureSize: 64)
      Issue.record("a poisoned session was used")
    } catch {
      #expect(error.rule == .sessionUsable)
    }
    #expect(scripted.calls.count { $0 == "C_SignInit" } == 1)
  }

  @Test(
    "C_SignInit that fails leaves the session usable; an answer that the session is lost does not",
    arguments: [
      ("CKR_KEY_HANDLE_INVALID", false), ("CKR_MECHANISM_INVALID", false), ("CKR_SESSION_HANDLE_INVALID", true),
      ("CKR_DEVICE_REMOVED", true),
      ("CKR_OPERATION_ACTIVE", true), ("CKR_CRYPTOKI_NOT_INITIALIZED", true),
    ])
  func failingSignInit(_ answer: String, _ isLost: Bool) async throws {
    let scripted = try await ScriptedModule(["FAIL": "C_SignInit", "FAIL_WITH": answer])
    var session = try scripted.session()
    do {
      _ = try session.sign([UInt8](repeating: 1, count: 32), with: .ecdsa, key: ObjectHandle(rawValue: 1), maximumSignatureSize: 64)
      Issue.record("the failure was not told")
    } catch {
      #expect(error.returnValue?.name == answer)
      #expect(error.hint != nil)
    }
    expectPoisoned(session, isLost)
  }

  @Test("a PIN for one use comes between C_SignInit and C_Sign, with nothing else between")
  func contextSpecificLogin() async throws {
    let scripted = try await ScriptedModule()
    var session = try scripted.session()
    let data = [UInt8](repeating: 1, count: 32)
    let signature = try session.sign(
      data.span, with: .ecdsa, key: ObjectHandle(rawValue: 1), maximumSignatureSize: 64, authenticatingWith: secret("1234"))
    #expect(signature == [UInt8](repeating: 0x5A, count: 64))
    #expect(scripted.calls.suffix(3) == ["C_SignInit", "C_Login", "C_Sign"])
    _ = try session.signAuthenticatingOnProtectedPath(data.span, with: .ecdsa, key: ObjectHandle(rawValue: 1), maximumSignatureSize: 64)
    #expect(scripted.calls.suffix(3) == ["C_SignInit", "C_Login", "C_Sign"])
  }

  @Test("a PIN for one use that is refused poisons the session")
  func contextSpecificLoginRefused() async throws {
    let scripted = try await ScriptedModule(["FAIL": "C_Login", "FAIL_WITH": "CKR_PIN_INCORRECT"])
    var session = try scripted.session()
    let data = [UInt8](repeating: 1, count: 32)
    do {
      _ = try session.sign(
        data.span, with: .ecdsa, key: ObjectHandle(rawValue: 1), maximumSignatureSize: 64, authenticatingWith: secret("1234"))
      Issue.record("the refusal was not told")
    } catch {
      #expect(error.returnValue == .pinIncorrect)
      #expect(!"\(error) \(error.hint ?? "")".contains("1234"))
    }
    expectPoisoned(session)
    #expect(!scripted.calls.contains("C_Sign"))
  }

  @Test("a login that was made before is success, except for one use", arguments: [UserType.user, .securityOfficer])
  func alreadyLoggedIn(_ user: UserType) async throws {
    let scripted = try await ScriptedModule(["FAIL": "C_Login", "FAIL_WITH": "CKR_USER_ALREADY_LOGGED_IN"])
    var session = try scripted.session()
    try session.login(user, pin: secret("1234"))
    do {
      try session.login(.contextSpecific, pin: secret("1234"))
      Issue.record("a PIN for one use was not looked at and passed")
    } catch {
      #expect(error.returnValue == .userAlreadyLoggedIn)
    }
  }

  @Test(
    "ATTRIBUTE-SIZE: values beyond 1 MiB, or 4 MiB together, are not fetched",
    arguments: [
      (1 << 20 + 1, 1), (Int.max, 1), (1 << 20, 5),
    ])
  func hugeAttributes(_ length: Int, _ count: Int) async throws {
    let scripted = try await ScriptedModule(["ATTRIBUTES": "1"])
    var session = try scripted.session()
    let types = (0..<count).map { AttributeType(rawValue: UInt(0x8000_0000 + $0)) }
    do {
      _ = try session.attributes(types, of: ObjectHandle(rawValue: UInt(length)))
      Issue.record("the values were fetched")
    } catch {
      #expect(error.rule == .attributeSize)
    }
    #expect(scripted.calls.count { $0 == "C_GetAttributeValue" } == 1)
    // Just below the limits they are.
    let values = try session.attributes(Array(types.prefix(4)), of: ObjectHandle(rawValue: 1 << 20))
    #expect(values.bytes(types[0])?.count == 1 << 20)
  }

  @Test("ATTRIBUTE-LENGTH: a value that becomes longer while it is read is refused")
  func growingAttribute() async throws {
    let scripted = try await ScriptedModule(["ATTRIBUTES": "2"])
    var session = try scripted.session()
    do {
      _ = try session.attributes([.label], of: ObjectHandle(rawValue: 1))
      Issue.record("more was read than there was room for")
    } catch {
      #expect(error.rule == .attributeLength)
    }
  }

  @Test("each missing attribute keeps its own reason, also when the module stops at the first one")
  func reasons() async throws {
    let scripted = try await ScriptedModule(["ATTRIBUTES": "3"])
    var session = try scripted.session()
    let values = try session.attributes([.id, .value, .label, AttributeType(rawValue: 0x89), .subject], of: ObjectHandle(rawValue: 1))
    #expect(values.bytes(.id) == [97, 98])
    #expect(values.string(.label) == "ab")
    #expect(values.bytes(.subject) == [97, 98])
    #expect(values[.value].isSensitive)
    #expect(!values[.value].isUnavailable)
    #expect(values[AttributeType(rawValue: 0x89)].isUnavailable)
  }

  @Test("ATTRIBUTE-FLAT: templates as values are not read", arguments: [AttributeType.wrapTemplate, .unwrapTemplate, .deriveTemplate])
  func templates(_ type: AttributeType) async throws {
    let scripted = try await ScriptedModule()
    var session = try scripted.session()
    do {
      _ = try session.attributes([.label, type], of: ObjectHandle(rawValue: 1))
      Issue.record("a template was read")
    } catch {
      #expect(error.rule == .attributeFlat)
    }
    #expect(!scripted.calls.contains("C_GetAttributeValue"))
  }

  @Test("whatever lengths and answers a module makes up, reading attributes gives values or a named error")
  func randomAttributes() async throws {
    let scripted = try await ScriptedModule(["ATTRIBUTES": "4", "LOG_FILE": "/dev/null"])
    var session = try scripted.session()
    let types: [AttributeType] = [.label, .id, .sensitive, .keyType, .allowedMechanisms, .value, .modulus]
    var readCount = 0
    for _ in 0..<20_000 {
      if session.isPoisoned { session = try scripted.session() }
      do {
        let values = try session.attributes(types, of: ObjectHandle(rawValue: 1))
        readCount += 1
        for type in types {
          _ = values.string(type)
          do { _ = try values.bool(type) } catch { #expect(error.rule == .attributeLength) }
          do { _ = try values.unsignedLong(type) } catch { #expect(error.rule == .attributeLength) }
          do { _ = try values.mechanisms(type) } catch { #expect(error.rule == .attributeLength) }
          #expect(!(values[type].isSensitive && values[type].isUnavailable))
        }
      } catch {
        #expect([.call, .attributeSize, .attributeLength].contains(error.rule))
      }
    }
    #expect(readCount > 0)
  }
}
