import Secrets
import TestSupport
import Testing

@testable import PKCS11

/// The calls by which secrets could come out: what comes is lent and wiped, and a token that fails in the middle costs its session.
@Suite("Copies, derived keys, decryptions", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct SecretCallTests {
  /// A token behind a module of its own.
  private struct Bench {
    let fault: FaultModule
    let token: Token
    let pin: String

    init(_ lines: FaultLine...) throws {
      let made = try SoftHSMFixture.takeToken()
      fault = try FaultModule(.softHSM(made), lines)
      token = try #require(try Module(path: fault.path).tokens().first)
      pin = made.userPIN
    }

    func session() throws -> Session {
      var session = try token.openSession(.readWrite)
      try session.login(.user, pin: SecretBytes(copying: Array(pin.utf8)))
      return session
    }
  }

  private func makeKey(_ session: inout Session, _ changes: [Attribute] = []) throws -> KeyPairHandles {
    let changed = Set(changes.map(\.type))
    let good: [Attribute] = [
      .init(.token, false), .init(.sensitive, true), .init(.extractable, false), .init(.sign, true), .init(.decrypt, false),
      .init(.derive, false),
    ]
    return try session.generateKeyPair(
      .ecKeyPairGeneration,
      publicKey: [.init(.token, false), .init(.ecParameters, [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07])],
      privateKey: good.filter { !changed.contains($0.type) } + changes)
  }

  @Test("The value of a sensitive key is refused and counts no byte; that of an open one counts its bytes, which nobody gets")
  func disclosure() throws {
    let bench = try Bench()
    defer { withExtendedLifetime(bench) {} }
    var session = try bench.session()
    let kept = try makeKey(&session)
    let refused = try session.disclosure(of: .value, by: kept.privateKey)
    #expect(refused.returnValue == .attributeSensitive && refused.byteCount == 0 && !refused.hasResidue)
    let open = try makeKey(&session, [.init(.sensitive, false), .init(.extractable, true)])
    let given = try session.disclosure(of: .value, by: open.privateKey)
    #expect(given.returnValue == .ok && given.byteCount == 32)
    #expect(try session.disclosure(of: .modulus, by: open.privateKey).returnValue == .attributeTypeInvalid)
    _ = try answer { try session.disclosure(of: .value, by: ObjectHandle(rawValue: 999)) }
  }

  @Test("A copy is another object with the attributes that were changed; one that is forbidden is refused")
  func copies() throws {
    let bench = try Bench()
    defer { withExtendedLifetime(bench) {} }
    var session = try bench.session()
    let key = try makeKey(&session)
    let copy = try session.copyObject(key.privateKey, changing: [.init(.label, "copy")])
    #expect(copy != key.privateKey)
    #expect(try session.attributes([.label], of: copy).string(.label) == "copy")
    let single = try makeKey(&session, [.init(.copyable, false)])
    let error = try answer { try session.copyObject(single.privateKey, changing: []) }
    #expect(error?.returnValue == .actionProhibited && error?.function == "C_CopyObject")
    let isUsable = !session.isPoisoned
    #expect(isUsable)
  }

  @Test("A wrapped key's size is told and its bytes are not; a key that does not come out is refused by name")
  func wrapping() throws {
    let bench = try Bench()
    defer { withExtendedLifetime(bench) {} }
    var session = try bench.session()
    let wrappingKey = try session.generateKey(
      .aesKeyGeneration, [.init(.token, false), .init(.valueLength, UInt(32)), .init(.wrap, true), .init(.keyType, KeyType.aes)])
    let open = try makeKey(&session, [.init(.extractable, true)])
    let size = try session.wrappedKeySize(open.privateKey, with: .aesKeyWrapPad, wrappingKey: wrappingKey)
    #expect(try session.wrapKey(open.privateKey, with: .aesKeyWrapPad, wrappingKey: wrappingKey).count == size)
    let kept = try makeKey(&session)
    let error = try answer { try session.wrappedKeySize(kept.privateKey, with: .aesKeyWrapPad, wrappingKey: wrappingKey) }
    #expect(error?.returnValue == .keyUnextractable)
  }

  @Test("Two parties agree on one secret, whichever way round, with the peer's point in the form that the token takes")
  func deriving() throws {
    let bench = try Bench()
    defer { withExtendedLifetime(bench) {} }
    var session = try bench.session()
    let parties = try (0..<2).map { _ in try makeKey(&session, [.init(.derive, true)]) }
    let template: [Attribute] = [
      .init(.objectClass, ObjectClass.secretKey), .init(.keyType, KeyType.genericSecret), .init(.token, false),
      .init(.valueLength, UInt(32)), .init(.sensitive, false), .init(.extractable, true),
    ]
    var secrets: [[UInt8]] = []
    for (mine, yours) in [(parties[0], parties[1]), (parties[1], parties[0])] {
      let point = try #require(session.attributes([.ecPoint], of: yours.publicKey).bytes(.ecPoint))
      for form in [point, Array(point.dropFirst(2))] {
        let derived = try session.deriveKey(.ecdh1Derive(publicPoint: form), from: mine.privateKey, template)
        secrets.append(try #require(session.attributes([.value], of: derived).bytes(.value)))
      }
    }
    #expect(Set(secrets).count == 1 && secrets[0].count == 32)
    let kept = try makeKey(&session)
    let point = try #require(session.attributes([.ecPoint], of: parties[0].publicKey).bytes(.ecPoint))
    let error = try answer { try session.deriveKey(.ecdh1Derive(publicPoint: point), from: kept.privateKey, template) }
    #expect(error?.returnValue == .keyFunctionNotPermitted && error?.function == "C_DeriveKey")
  }

  @Test("A decryption that fails after it was begun costs the session; one that is not begun does not")
  func decryption() throws {
    let bench = try Bench()
    defer { withExtendedLifetime(bench) {} }
    var session = try bench.session()
    let pair = try session.generateKeyPair(
      .rsaPKCSKeyPairGeneration, publicKey: [.init(.token, false), .init(.modulusBits, UInt(2048)), .init(.publicExponent, [1, 0, 1])],
      privateKey: [.init(.token, false), .init(.decrypt, true), .init(.sign, true)])
    let signing = try makeKey(&session)
    let refused = try answer { _ = try session.decrypt([1], with: .rsaPKCS, key: signing.privateKey) }
    #expect(refused?.function == "C_DecryptInit")
    let isUsable = !session.isPoisoned
    #expect(isUsable)
    let failed = try answer { _ = try session.decrypt([UInt8](repeating: 1, count: 255), with: .rsaPKCS, key: pair.privateKey) }
    #expect(failed?.function == "C_Decrypt")
    let isPoisoned = session.isPoisoned
    #expect(isPoisoned)
  }

  @Test("The module's notes: a flag reads as the script says until it is set, for that object only, and the token behind hears nothing")
  func notes() throws {
    let bench = try Bench("note-attribute CKA_EXTRACTABLE = FALSE private")
    defer { withExtendedLifetime(bench) {} }
    var session = try bench.session()
    let (first, second) = (try makeKey(&session, [.init(.extractable, true)]).privateKey, try makeKey(&session).privateKey)
    #expect(try session.attributes([.extractable], of: first).bool(.extractable) == false)
    try session.setAttributes([.init(.extractable, true)], of: second)
    #expect(try session.attributes([.extractable], of: second).bool(.extractable) == true)
    #expect(try session.attributes([.extractable], of: first).bool(.extractable) == false)
    let wrappingKey = try session.generateKey(
      .aesKeyGeneration, [.init(.token, false), .init(.valueLength, UInt(32)), .init(.wrap, true), .init(.keyType, KeyType.aes)])
    _ = try answer { try session.wrappedKeySize(second, with: .aesKeyWrapPad, wrappingKey: wrappingKey) }
    #expect(try session.wrappedKeySize(first, with: .aesKeyWrapPad, wrappingKey: wrappingKey) > 0)
  }

  @Test("The module's signature with recovery is the one without; where it is not asked for, the token's own word stands")
  func recovery() throws {
    for isThere in [true, false] {
      let bench = isThere ? try Bench("sign-recover on") : try Bench()
      var session = try bench.session()
      let pair = try session.generateKeyPair(
        .rsaPKCSKeyPairGeneration, publicKey: [.init(.token, false), .init(.modulusBits, UInt(2048)), .init(.publicExponent, [1, 0, 1])],
        privateKey: [.init(.token, false), .init(.sign, true)])
      if isThere {
        let signature = try session.signRecoverably([1, 2, 3], with: .rsaPKCS, key: pair.privateKey)
        let expected = try session.sign([1, 2, 3], with: .rsaPKCS, key: pair.privateKey, maximumSignatureSize: 256)
        let isSame = signature.isEqual(to: SecretBytes(copying: expected))
        #expect(isSame)
      } else {
        let error = try answer { _ = try session.signRecoverably([1, 2, 3], with: .rsaPKCS, key: pair.privateKey) }
        #expect(error?.returnValue == .functionNotSupported && error?.function == "C_SignRecoverInit")
      }
    }
  }

  /// The error that a call must end with.
  private func answer<Value>(_ call: () throws -> Value) throws -> PKCS11Error? {
    do {
      _ = try call()
      Issue.record("it was not refused")
      return nil
    } catch let error as PKCS11Error {
      return error
    }
  }
}
