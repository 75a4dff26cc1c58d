import Foundation
import PKCS11
import TestSupport
import Testing

@Suite("Return values and rules")
struct ReturnValueTests {
  @Test(
    "a return value is written with its name and number",
    arguments: [
      (ReturnValue.pinIncorrect, "CKR_PIN_INCORRECT (0xA0)"), (.ok, "CKR_OK (0x0)"),
      (ReturnValue(rawValue: 0x8000_0001), "a return value of the vendor's own (0x80000001)"),
      (ReturnValue(rawValue: 0x4), "a return value unknown to the standard (0x4)"),
    ])
  func descriptions(_ value: ReturnValue, _ text: String) {
    #expect(value.description == text)
  }

  @Test("every return value of our header has its name")
  func names() throws {
    let names = try HeaderNames().constants.filter { $0.hasPrefix("CKR_") && $0 != "CKR_VENDOR_DEFINED" }
    let known = Set((0..<0x400).compactMap { ReturnValue(rawValue: $0).name })
    #expect(known == Set(names))
  }

  @Test("mechanisms and attributes are written by the standard's names, or as numbers")
  func otherNames() {
    #expect(MechanismType.ecdsaSHA256.description == "CKM_ECDSA_SHA256")
    #expect(MechanismType(rawValue: 0x8000_0001).description == "CKM_0x80000001")
    #expect(AttributeType.alwaysSensitive.description == "CKA_ALWAYS_SENSITIVE")
    #expect(AttributeType(rawValue: 0xCE53_4351).description == "CKA_0xCE534351")
    #expect(ObjectClass.privateKey.description == "CKO_PRIVATE_KEY")
    #expect(KeyType(rawValue: 0x99).description == "CKK_0x99")
  }

  @Test("rules have different names, and the list of all rules has them all")
  func rules() throws {
    #expect(Set(PKCS11Rule.allCases).count == PKCS11Rule.allCases.count)
    let source = OfficialMaterial.projectFolder.appending(path: "Sources/PKCS11/Errors/PKCS11Rule.swift")
    let declared = try String(contentsOf: source, encoding: .utf8).matches(of: /PKCS11Rule\("([A-Z0-9-]+)"\)/).map { String($0.1) }
    #expect(Set(declared) == Set(PKCS11Rule.allCases.map(\.rawValue)))
  }

  @Test("an attribute does not show its value")
  func attributes() {
    #expect("\(Attribute(.value, [UInt8]("s3cr3t".utf8)))" == "CKA_VALUE")
  }
}
