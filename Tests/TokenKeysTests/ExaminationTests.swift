import PKCS11
import TestSupport
import Testing

@testable import TokenKeys

@Suite("Examination: what a key must refuse is tried", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct ExaminationTests {
  @Test(
    """
    KEY-SENSITIVE KEY-NOT-EXTRACTABLE KEY-ATTRIBUTES-FIXED KEY-SIGN-ONLY KEY-NOT-COPYABLE: SoftHSM refuses everything that it can be \
    asked for, and each refusal stands in the record with its return value
    """,
    arguments: [KeyAlgorithm.rsa2048, .ecdsaP256, .ed25519])
  func refused(algorithm: KeyAlgorithm) async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let (key, examination) = try await keys.generateExamined(algorithm, named: "payroll")
    #expect(examination.isMet)
    #expect(examination.probes.map(\.probe) == KeyProbe.allCases)
    let isRSA = algorithm == .rsa2048
    let impossible: Set<KeyProbe> =
      isRSA
      ? [.signRecover, .derive] : algorithm == .ecdsaP256 ? [.signRecover, .decrypt, .unwrap] : [.signRecover, .decrypt, .unwrap, .derive]
    for result in examination.probes {
      #expect(result.outcome == (impossible.contains(result.probe) ? .notPossible : .refused), "\(result)")
    }
    let answers = Dictionary(uniqueKeysWithValues: examination.probes.map { ($0.probe, Set($0.calls.map(\.description))) })
    #expect(answers[.wrapOut]?.contains("C_WrapKey (CKM_AES_KEY_WRAP_PAD): CKR_KEY_UNEXTRACTABLE (0x6A)") == true)
    #expect(answers[.makeExtractable] == ["C_SetAttributeValue: CKR_ATTRIBUTE_READ_ONLY (0x10)"])
    #expect(answers[.makeReadable] == ["C_SetAttributeValue: CKR_ATTRIBUTE_READ_ONLY (0x10)"])
    #expect(answers[.readPrivateValue] == ["C_GetAttributeValue: CKR_ATTRIBUTE_SENSITIVE (0x11)"])
    #expect(answers[.copy] == ["C_CopyObject: CKR_ACTION_PROHIBITED (0x1B)"])
    if isRSA { #expect(answers[.decrypt]?.contains("C_DecryptInit (CKM_RSA_PKCS): CKR_KEY_FUNCTION_NOT_PERMITTED (0x68)") == true) }
    // A refusal bears the token's word out, and what nobody tried remains its word.
    let probed = Set(examination.verdict.findings.filter { $0.grade == .probed }.map(\.rule))
    let expected: Set<KeyRule> = [.sensitive, .notExtractable, .attributesFixed, .notCopyable]
    #expect(probed == (algorithm == .ed25519 ? expected : expected.union([.signOnly])))
    #expect(examination.verdict.findings.allSatisfy { $0.outcome == .met })
    // Nothing is left: two halves on the token, and no session object.
    #expect(try bench.count([]) == 2)
    #expect(try await keys.key(named: "payroll") == key)
    #expect(try await keys.examine(key) == examination, "examined again, a key is as it was")
  }

  @Test("KEY-WAIVER-JUSTIFIED: a waiver wants a reason, and a rule that the policy has; it stands in the verdict")
  func waivers() throws {
    for reason in ["", "   ", "a\nb", String(repeating: "x", count: 501)] {
      #expect(throws: TokenKeysError.self) { try KeyPolicy.nonExportableSigning.waiving(.local, because: reason) }
    }
    for rule in [KeyRule.nameTaken, .notDestroyable, .pinLength] {
      #expect { try KeyPolicy.nonExportableSigning.waiving(rule, because: "so") } throws: {
        ($0 as? TokenKeysError)?.rule == .waiverJustified
      }
    }
    let policy = try KeyPolicy.nonExportableSigning.waiving(.local, because: "first").waiving(.local, because: "second")
    #expect(policy.waivers.map(\.description) == ["KEY-LOCAL is waived: second"])
    #expect(policy.name == "non-exportable-signing")
  }

  @Test("KEY-DESTROY-PROVED: a destroyed key is gone, both halves and its certificates, and other keys are not touched")
  func destruction() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let doomed = try await keys.generate(.ecdsaP256, named: "doomed")
    let other = try await keys.generate(.ecdsaP256, named: "other")
    let destruction = try await keys.destroy(doomed)
    #expect(destruction.destroyedKeyObjects == 2)
    #expect(destruction.identifier == doomed.identifier)
    #expect(try await keys.keys() == [other])
    #expect(try bench.count([]) == 2)
    #expect(try await tokenKeysError { try await keys.destroy(doomed) }.code == .keyNotFound)
  }

  @Test("KEY-NOT-MODIFIABLE KEY-ALLOWED-MECHANISMS: the stricter policy is in the template, and the key is as it demands")
  func fixed() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.rsa2048, named: "fixed", policy: .nonExportableSigningFixed)
    let verdict = try await keys.verdict(of: key, policy: .nonExportableSigningFixed)
    #expect(verdict.isMet)
    #expect(verdict.findings.suffix(2).map(\.rule) == [.notModifiable, .allowedMechanisms])
    // It signs with what is allowed.
    _ = try await key.sign([1, 2, 3], algorithm: .rsaPSSSHA256)
    // A key of the default policy is neither.
    let usual = try await keys.generate(.ecdsaP256, named: "usual")
    #expect(
      try await keys.verdict(of: usual, policy: .nonExportableSigningFixed).objections.map(\.rule) == [.notModifiable, .allowedMechanisms])
  }

  @Test("KEY-NOT-DESTROYABLE: where a token fixes the attribute when a key is made, no key is left, and the error says so")
  func permanent() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let error = try await tokenKeysError { try await keys.generate(.ecdsaP256, named: "forever", policy: .nonExportableSigningPermanent) }
    #expect(error.rule == .notDestroyable)
    #expect(error.message.contains("CKR_ATTRIBUTE_READ_ONLY"))
    #expect(error.hint?.hasPrefix("the key has been destroyed, and a search finds nothing of it") == true)
    #expect(try bench.count([]) == 0)
  }
}
