import PKCS11
import TestSupport
import Testing

@Suite("Objects", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct ObjectTests {
  @Test("a private key's policy attributes read as they were set, and its secret parts are sensitive")
  func privateKeyAttributes() throws {
    var session = try TokenTestbed().session()
    let pair = try makeP256Key(&session, label: "payroll", id: [1, 2, 3])
    let types: [AttributeType] = [
      .objectClass, .keyType, .label, .id, .sensitive, .extractable, .alwaysSensitive, .neverExtractable, .local, .sign, .decrypt, .value,
      .modulus, .keyGenerationMechanism, .ecParameters, .uniqueID,
    ]
    let values = try session.attributes(types, of: pair.privateKey)
    #expect(try values.objectClass() == .privateKey)
    #expect(try values.keyType() == .ec)
    #expect(values.string(.label) == "payroll")
    #expect(values.bytes(.id) == [1, 2, 3])
    #expect(try values.bool(.sensitive) == true)
    #expect(try values.bool(.extractable) == false)
    #expect(try values.bool(.alwaysSensitive) == true)
    #expect(try values.bool(.neverExtractable) == true)
    #expect(try values.bool(.local) == true)
    #expect(try values.bool(.sign) == true)
    #expect(try values.bool(.decrypt) == false)
    #expect(try values.unsignedLong(.keyGenerationMechanism) == MechanismType.ecKeyPairGeneration.rawValue)
    #expect(values.bytes(.ecParameters) == p256Parameters)
    #expect(values[.value].isSensitive)
    #expect(values.bytes(.value) == nil)
    #expect(values[.modulus].isUnavailable)
    #expect(values[.uniqueID].isUnavailable)
  }

  @Test("no text and no reflection of attributes has a value in it")
  func attributesTellNoValue() throws {
    var session = try TokenTestbed().session()
    let label = "payroll-5f2c"
    let pair = try makeP256Key(&session, label: label, id: [0xA7, 0xB8, 0xC9])
    let values = try session.attributes([.label, .id, .value, .sensitive], of: pair.privateKey)
    #expect("\(values)" == "CKA_ID: 3 bytes, CKA_LABEL: 12 bytes, CKA_SENSITIVE: one byte, CKA_VALUE: sensitive")
    var shown = "\(values) \(values[.label]) \(Attribute(.label, label)) " + String(reflecting: values) + String(reflecting: values[.id])
    dump(values, to: &shown)
    dump(values[.id], to: &shown)
    dump(Attribute(.label, label), to: &shown)
    dump([Attribute(.label, label)], to: &shown)
    for secret in [label, "167", "184, 201", "112, 97, 121"] { #expect(!shown.contains(secret), "\(shown)") }
  }

  @Test("ATTRIBUTE-LENGTH: a value read as another type than it is throws")
  func wrongTypes() throws {
    var session = try TokenTestbed().session()
    let pair = try makeP256Key(&session)
    let values = try session.attributes([.keyType, .sensitive, .ecParameters], of: pair.privateKey)
    #expect(try pkcs11Error { _ = try values.bool(.keyType) }.rule == .attributeLength)
    #expect(try pkcs11Error { _ = try values.unsignedLong(.sensitive) }.rule == .attributeLength)
    #expect(try pkcs11Error { _ = try values.mechanisms(.ecParameters) }.rule == .attributeLength)
  }

  @Test("objects are found by class, label and ID; twins are two; a destroyed one is gone")
  func finding() throws {
    var session = try TokenTestbed().session()
    let first = try makeP256Key(&session, label: "twin", id: [9])
    let second = try makeP256Key(&session, label: "twin", id: [9])
    let template = [Attribute(.objectClass, ObjectClass.privateKey), Attribute(.label, "twin"), Attribute(.id, [9])]
    let both = try session.findObjects(matching: template)
    #expect(Set(both) == [first.privateKey, second.privateKey])
    let limited = try session.findObjects(matching: template, limit: 1)
    #expect(limited.count == 1)
    try session.destroyObject(first.privateKey)
    let left = try session.findObjects(matching: template)
    #expect(left == [second.privateKey])
    do {
      _ = try session.sign([UInt8](repeating: 1, count: 32), with: .ecdsa, key: first.privateKey, maximumSignatureSize: 64)
      Issue.record("a destroyed key signed")
    } catch {
      #expect(error.returnValue == .objectHandleInvalid || error.returnValue == .keyHandleInvalid)
      #expect(error.hint?.contains("look the object up again") == true)
    }
  }

  @Test("private objects are not found before login, and their handles are void after logout")
  func privateObjects() throws {
    let testbed = try TokenTestbed()
    var session = try testbed.session()
    let pair = try makeP256Key(&session)
    try session.logout()
    let privateKeys = try session.findObjects(matching: [Attribute(.objectClass, ObjectClass.privateKey)])
    #expect(privateKeys.isEmpty)
    try session.login(.user, pin: secret(testbed.userPIN))
    do {
      _ = try session.sign([UInt8](repeating: 1, count: 32), with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64)
      Issue.record("a handle survived the logout")
    } catch {
      #expect(error.returnValue == .objectHandleInvalid || error.returnValue == .keyHandleInvalid)
    }
  }

  @Test("attributes change where they may, and CKA_EXTRACTABLE does not")
  func settingAttributes() throws {
    var session = try TokenTestbed().session()
    let pair = try makeP256Key(&session, label: "before")
    try session.setAttributes([Attribute(.label, "after")], of: pair.privateKey)
    #expect(try session.attributes([.label], of: pair.privateKey).string(.label) == "after")
    for attribute in [Attribute(.extractable, true), Attribute(.sensitive, false)] {
      do {
        try session.setAttributes([attribute], of: pair.privateKey)
        Issue.record("\(attribute) was changed")
      } catch {
        #expect(error.returnValue == .attributeReadOnly)
      }
    }
    expectPoisoned(session, false)
  }

  @Test("a certificate object is stored beside its key and read back byte for byte")
  func certificateObjects() throws {
    var session = try TokenTestbed().session()
    let name: [UInt8] = [0x30, 0x00]
    let content = (0..<3000).map { UInt8(truncatingIfNeeded: $0) }
    let object = try session.createObject([
      Attribute(.objectClass, ObjectClass.certificate), Attribute(.certificateType, CertificateType.x509), Attribute(.token, true),
      Attribute(.isPrivate, false), Attribute(.label, "payroll"), Attribute(.id, [1]), Attribute(.subject, name), Attribute(.issuer, name),
      Attribute(.serialNumber, [0x02, 0x01, 0x01]), Attribute(.value, content),
    ])
    let found = try session.findObjects(matching: [Attribute(.objectClass, ObjectClass.certificate), Attribute(.id, [1])])
    #expect(found == [object])
    let values = try session.attributes([.value, .subject, .startDate], of: object)
    #expect(values.bytes(.value) == content)
    #expect(values.bytes(.subject) == name)
    #expect(values.bytes(.startDate) == [])
  }

  @Test("a read-only session cannot make token objects")
  func readOnly() throws {
    var session = try TokenTestbed().session(.readOnly)
    do {
      _ = try makeP256Key(&session)
      Issue.record("a read-only session made a key")
    } catch let error as PKCS11Error {
      #expect(error.returnValue == .sessionReadOnly)
      #expect(error.hint == "open a read-write session")
    }
  }

  @Test("CKA_ALLOWED_MECHANISMS is written and read as a list")
  func allowedMechanisms() throws {
    var session = try TokenTestbed().session()
    let pair = try makeP256Key(&session, privateKey: [Attribute(.allowedMechanisms, [MechanismType.ecdsa])])
    let mechanisms = try session.attributes([.allowedMechanisms], of: pair.privateKey).mechanisms(.allowedMechanisms)
    #expect(mechanisms == [.ecdsa])
  }

  @Test("a key that is not extractable is not wrapped")
  func wrapping() throws {
    var session = try TokenTestbed().session()
    let pair = try makeP256Key(&session)
    let wrappingKey = try session.generateKey(
      .aesKeyGeneration,
      [
        Attribute(.objectClass, ObjectClass.secretKey), Attribute(.keyType, KeyType.aes), Attribute(.token, false), Attribute(.wrap, true),
        Attribute(.valueLength, 32),
      ])
    for mechanism in [Mechanism.aesKeyWrap, .aesKeyWrapPad] {
      do {
        _ = try session.wrapKey(pair.privateKey, with: mechanism, wrappingKey: wrappingKey)
        Issue.record("the key left the token with \(mechanism)")
      } catch {
        #expect(error.returnValue == .keyUnextractable)
      }
    }
  }
}
