import PKCS11
import Secrets
import TestSupport
import Testing

@testable import TokenKeys

/// SoftHSM behind a module that lies: it makes keys that can do more than they were asked to be able to, and says that they cannot.
@Suite("Tokens that lie", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct LyingTokenTests {
  /// One token behind a module of its own.
  private struct Bench {
    let module: FaultModule
    let keys: TokenKeys
    private let folder: TemporaryFolder

    init(_ lines: [FaultLine]) async throws {
      let made = try SoftHSMFixture.takeToken()
      module = try FaultModule(.softHSM(made), lines)
      let token = try #require(Module(path: module.path).tokens().first)
      folder = try TemporaryFolder()
      try folder.write("\(made.userPIN)\n".utf8, to: "pin")
      keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:" + folder.path("pin")))
    }

    /// How many objects there are, those of sessions included.
    func count() async throws -> Int {
      try await keys.perform(isRepeatable: true) { try $0.reading { try $0.findObjects(matching: []).count } }
    }

    func count(_ function: String, answering code: UInt = 0) -> Int { module.count(of: function, answering: code) }
  }

  /// The private half really is what a template says that it must not be, and the token says that it is not.
  private static func lie(about attribute: String, really value: String) -> [FaultLine] {
    let claim = value == "TRUE" ? "FALSE" : "TRUE"
    return [
      FaultLine(stringLiteral: "swallow-attribute \(attribute) private generate"),
      FaultLine(stringLiteral: "default-attribute \(attribute) = \(value) private generate"),
      FaultLine(stringLiteral: "force-attribute \(attribute) = \(claim) private"),
    ]
  }

  private static let extractable =
    lie(about: "CKA_EXTRACTABLE", really: "TRUE") + ["force-attribute CKA_NEVER_EXTRACTABLE = TRUE private"]
  private static let readable =
    lie(about: "CKA_SENSITIVE", really: "FALSE") + extractable + ["force-attribute CKA_ALWAYS_SENSITIVE = TRUE private"]
  private static let copyable = lie(about: "CKA_COPYABLE", really: "TRUE")

  struct Lie: Sendable, CustomTestStringConvertible {
    let probe: KeyProbe
    let lines: [FaultLine]
    let algorithm: KeyAlgorithm
    let sentence: String
    var testDescription: String { probe.rawValue }
  }

  static let lies = [
    Lie(
      probe: .readPrivateValue, lines: readable, algorithm: .ecdsaP256,
      sentence: "C_GetAttributeValue gave out CKA_VALUE although the token says that it is sensitive (CKA_SENSITIVE = true)"),
    Lie(
      probe: .wrapOut, lines: extractable, algorithm: .ecdsaP256,
      sentence: "C_WrapKey gave the key out by CKM_AES_KEY_WRAP_PAD although the token says that it is not extractable "
        + "(CKA_EXTRACTABLE = false)"),
    Lie(
      probe: .decrypt, lines: lie(about: "CKA_DECRYPT", really: "TRUE"), algorithm: .rsa2048,
      sentence: "C_Decrypt decrypted by CKM_RSA_PKCS, CKM_RSA_PKCS_OAEP, CKM_RSA_X_509 although the token says that it only signs "
        + "(allows CKA_SIGN)"),
    Lie(
      probe: .unwrap, lines: lie(about: "CKA_UNWRAP", really: "TRUE"), algorithm: .rsa2048,
      sentence: "C_UnwrapKey unwrapped a key by CKM_RSA_PKCS"),
    Lie(
      probe: .derive, lines: lie(about: "CKA_DERIVE", really: "TRUE"), algorithm: .ecdsaP256,
      sentence: "C_DeriveKey agreed on a secret by CKM_ECDH1_DERIVE"),
    Lie(probe: .signRecover, lines: ["sign-recover on"], algorithm: .rsa2048, sentence: "C_SignRecover signed by CKM_RSA_PKCS"),
    Lie(
      probe: .copy, lines: copyable, algorithm: .ecdsaP256,
      sentence: "C_CopyObject made a copy although the token says that it is not copyable (CKA_COPYABLE = false)"),
    Lie(
      probe: .copyExtractable, lines: copyable + extractable, algorithm: .ecdsaP256, sentence: "C_CopyObject made an extractable copy"),
    Lie(
      probe: .makeExtractable, lines: ["note-attribute CKA_EXTRACTABLE = FALSE private"], algorithm: .ecdsaP256,
      sentence: "C_SetAttributeValue turned CKA_EXTRACTABLE to true"),
    Lie(
      probe: .makeReadable, lines: ["note-attribute CKA_SENSITIVE = TRUE private"], algorithm: .ecdsaP256,
      sentence: "C_SetAttributeValue turned CKA_SENSITIVE to false"),
  ]

  @Test(
    """
    KEY-SENSITIVE KEY-NOT-EXTRACTABLE KEY-SIGN-ONLY KEY-NOT-COPYABLE KEY-ATTRIBUTES-FIXED KEY-DESTROY-PROVED: each lie is caught by its \
    probe, the key is refused in one sentence and destroyed, and nothing is left, on the token or in a session
    """, arguments: lies)
  func caught(_ lie: Lie) async throws {
    let bench = try await Bench(lie.lines)
    let error = try await tokenKeysError {
      try await bench.keys.generate(lie.algorithm, named: "key", probes: [lie.probe])
    }
    #expect(error.code == .ruleRefused)
    #expect(error.message.contains("\(lie.probe.rule) violated (\(lie.sentence)"), "\(error.message)")
    #expect(error.hint?.hasPrefix("the key has been destroyed, and a search finds nothing of it") == true)
    #expect(try await bench.count() == 0)
    // What the probe made is destroyed, and does not only go with its session.
    let made = ["C_GenerateKey", "C_CreateObject", "C_CopyObject", "C_UnwrapKey", "C_DeriveKey"].map { bench.count($0) }.reduce(2, +)
    #expect(bench.count("C_DestroyObject") == made)
    // The token's word alone would have been believed.
    let unprobed = try await bench.keys.generate(lie.algorithm, named: "unprobed", probes: [])
    #expect(try await bench.keys.verdict(of: unprobed).isMet)
    let examination = try await bench.keys.examine(unprobed)
    let finding = try #require(examination.verdict.findings.first { $0.rule == lie.probe.rule })
    #expect(finding.outcome == .violated && finding.grade == .probed)
    #expect(examination.probes.first { $0.probe == lie.probe }?.outcome == .succeeded)
    #expect(try await bench.count() == 2)
    // A key that really is extractable is made what the token says of it, when the flag is turned back.
    guard ![.readPrivateValue, .wrapOut, .copyExtractable].contains(lie.probe) else { return }
    #expect(try await bench.keys.examine(unprobed) == examination, "examined again, the key is as it was")
  }

  @Test("KEY-SIGN-ONLY: a signature with recovery that is refused is a refusal")
  func signRecoverRefused() async throws {
    let bench = try await Bench([.fail("C_SignRecoverInit", "CKR_KEY_FUNCTION_NOT_PERMITTED")])
    let (_, examination) = try await bench.keys.generateExamined(.rsa2048, named: "key")
    let result = try #require(examination.probes.first { $0.probe == .signRecover })
    #expect(result.outcome == .refused)
    #expect(result.calls.map(\.description) == ["C_SignRecoverInit (CKM_RSA_PKCS): CKR_KEY_FUNCTION_NOT_PERMITTED (0x68)"])
  }

  @Test("KEY-ATTRIBUTES-FIXED: a flag that is a mere note is turned back, its own rule stays met, by the token's word only")
  func notes() async throws {
    let bench = try await Bench(["note-attribute CKA_EXTRACTABLE = FALSE private", "note-attribute CKA_SENSITIVE = TRUE private"])
    let key = try await bench.keys.generate(.ecdsaP256, named: "key", probes: [])
    let examination = try await bench.keys.examine(key)
    #expect(examination.verdict.objections.map(\.rule) == [.attributesFixed])
    for rule in [KeyRule.notExtractable, .sensitive] {
      let finding = try #require(examination.verdict.findings.first { $0.rule == rule })
      #expect(finding.outcome == .met && finding.grade == .tokenAsserted)
    }
    for probe in [KeyProbe.makeExtractable, .makeReadable] {
      #expect(examination.probes.first { $0.probe == probe }?.detail?.hasSuffix("turned back at once") == true)
    }
    #expect(try await bench.keys.verdict(of: key).findings.filter { $0.outcome == .violated }.isEmpty)
  }

  @Test("KEY-NOT-EXTRACTABLE: where the key comes out once its flag was turned, that rule is violated too")
  func turnedAndOut() async throws {
    let lines: [FaultLine] = [
      "swallow-attribute CKA_EXTRACTABLE private generate", "default-attribute CKA_EXTRACTABLE = TRUE private generate",
      "note-attribute CKA_EXTRACTABLE = FALSE private", "force-attribute CKA_NEVER_EXTRACTABLE = TRUE private",
    ]
    let bench = try await Bench(lines + [.fail("C_WrapKey", "CKR_KEY_UNEXTRACTABLE")])
    let key = try await bench.keys.generate(.ecdsaP256, named: "key", probes: [])
    let module = bench.module
    // The token begins to wrap when it was talked into it.
    let examination = try await bench.keys.examine(key) { if $0 == .makeExtractable { try? module.script(lines) } }
    #expect(examination.probes.first { $0.probe == .wrapOut }?.outcome == .refused)
    #expect(examination.verdict.objections.map(\.rule) == [.notExtractable, .attributesFixed])
    #expect(examination.verdict.objections.allSatisfy { $0.grade == .probed })
    #expect(try await bench.keys.verdict(of: key).isMet, "the flag was turned back")
    #expect(try await bench.count() == 2)
  }

  @Test("A flag that cannot be turned back at first is turned back in another session; one that never can is an error that says so")
  func turnedBackLater() async throws {
    let lines: [FaultLine] = ["note-attribute CKA_EXTRACTABLE = FALSE private"]
    let bench = try await Bench(lines)
    let key = try await bench.keys.generate(.ecdsaP256, named: "key", probes: [])
    try bench.module.add(.fail("C_SetAttributeValue", "CKR_DEVICE_ERROR", .on(2)))
    let examination = try await bench.keys.examine(key, probes: [.makeExtractable])
    #expect(examination.probes.map(\.outcome) == [.succeeded])
    #expect(try await bench.keys.verdict(of: key).isMet)
    try bench.module.script(lines + [.fail("C_SetAttributeValue", "CKR_DEVICE_ERROR", .from(2))])
    let error = try await tokenKeysError { try await bench.keys.examine(key, probes: [.makeExtractable]) }
    #expect(error.rule == .attributesFixed)
    #expect(error.message.contains("the change is still there"))
    #expect(error.hint?.contains("CKA_EXTRACTABLE = false") == true)
  }

  @Test("Every call of every probe stands in the record, with what it was answered")
  func record() async throws {
    let bench = try await Bench([])
    for algorithm in [KeyAlgorithm.rsa2048, .ecdsaP256] {
      let key = try await bench.keys.generate(algorithm, named: algorithm.rawValue, probes: [])
      try bench.module.forgetCalls()
      let examination = try await bench.keys.examine(key)
      let functions = Set(examination.probes.flatMap(\.calls).map(\.function)).subtracting(["C_GetAttributeValue"])
      let recorded = examination.probes.flatMap(\.calls).filter { functions.contains($0.function) }
      let seen = bench.module.calls.filter { functions.contains($0.function) }
      #expect(recorded.map(\.function) == seen.map(\.function))
      #expect(recorded.map(\.returned.rawValue) == seen.map(\.returnValue))
    }
  }

  @Test("A key that wants its PIN each time is not given it by a probe; what was begun is not gone on with")
  func noPIN() async throws {
    let bench = try await Bench(Self.lie(about: "CKA_DECRYPT", really: "TRUE") + ["sign-recover on"])
    _ = try await bench.keys.generate(.rsa2048, named: "key", probes: [])
    try bench.module.add("always-authenticate on", "force-attribute CKA_ALWAYS_AUTHENTICATE = TRUE private")
    let key = try await bench.keys.key(named: "key")
    #expect(key.wantsPINEachTime)
    try bench.module.forgetCalls()
    let tries = bench.module.pinTries.count
    let examination = try await bench.keys.examine(key)
    #expect(bench.module.pinTries.count == tries)
    #expect(bench.module.count(of: "C_Login") == 0)
    #expect(bench.module.count(of: "C_Decrypt") == 0 && bench.module.count(of: "C_SignRecover") == 0)
    for probe in [KeyProbe.decrypt, .signRecover] {
      #expect(examination.probes.first { $0.probe == probe }?.outcome == .inconclusive)
    }
    #expect(examination.verdict.findings.first { $0.rule == .signOnly }?.grade == .tokenAsserted)
  }

  @Test(
    "What a token begins and does not end is inconclusive, and the sessions stay usable", arguments: ["CKR_GENERAL_ERROR", "0x80001234"])
  func inconclusive(code: String) async throws {
    let bench = try await Bench(
      Self.lie(about: "CKA_DECRYPT", really: "TRUE") + [
        .fail("C_Decrypt", FaultCode(stringLiteral: code)), .fail("C_CopyObject", FaultCode(stringLiteral: code)),
      ])
    let (key, examination) = try await bench.keys.generateExamined(.rsa2048, named: "key")
    for probe in [KeyProbe.decrypt, .copy, .copyExtractable] {
      #expect(examination.probes.first { $0.probe == probe }?.outcome == .inconclusive)
    }
    #expect(examination.verdict.findings.first { $0.rule == .notCopyable }?.grade == .tokenAsserted)
    _ = try await key.sign([1, 2, 3] as [UInt8])
    #expect(try await bench.count() == 2)
  }

  @Test("A login that was lost among the probes is an error, not a refusal")
  func lostLogin() async throws {
    let bench = try await Bench([])
    let key = try await bench.keys.generate(.ecdsaP256, named: "key", probes: [])
    try bench.module.add(.dropLogin(on: "C_WrapKey", .once))
    await #expect(throws: (any Error).self) { try await bench.keys.examine(key) }
    #expect(try await bench.keys.examine(key).isMet)
  }

  @Test("KEY-NOT-EXTRACTABLE: CKR_OK with more bytes than there was room for is a key that came out, whatever else is refused")
  func wrappedTooLong() async throws {
    let bench = try await Bench(["wrap-length 20000"])
    let error = try await tokenKeysError { try await bench.keys.generate(.ecdsaP256, named: "key", probes: [.wrapOut]) }
    #expect(error.code == .ruleRefused)
    #expect(error.message.contains("KEY-NOT-EXTRACTABLE violated (C_WrapKey gave the key out by CKM_AES_KEY_WRAP_PAD"), "\(error.message)")
    #expect(try await bench.count() == 0)
  }

  @Test("A call that fails beside others that are refused leaves the probe inconclusive")
  func failureBesideRefusals() async throws {
    let bench = try await Bench([.fail("C_WrapKey", "CKR_GENERAL_ERROR", .on(1))])
    let (_, examination) = try await bench.keys.generateExamined(.ecdsaP256, named: "key", probes: [.wrapOut])
    #expect(examination.probes.map(\.outcome) == [.inconclusive])
    #expect(examination.verdict.findings.first { $0.rule == .notExtractable }?.grade == .tokenAsserted)
  }

  @Test(
    "KEY-ATTRIBUTES-FIXED: a change that is accepted or fails, and is not seen, is turned back all the same and is inconclusive",
    arguments: [
      ["swallow-attribute CKA_EXTRACTABLE private set"], [.fail("C_SetAttributeValue", "CKR_GENERAL_ERROR")],
      ["swallow-attribute CKA_EXTRACTABLE private set", .fail("C_SetAttributeValue", "CKR_ATTRIBUTE_READ_ONLY", .from(2))],
    ] as [[FaultLine]])
  func unseenChange(lines: [FaultLine]) async throws {
    let bench = try await Bench([])
    let key = try await bench.keys.generate(.ecdsaP256, named: "key", probes: [])
    for line in lines { try bench.module.add(line) }
    try bench.module.forgetCalls()
    let examination = try await bench.keys.examine(key, probes: [.makeExtractable])
    #expect(examination.probes.map(\.outcome) == [.inconclusive], "\(examination.probes)")
    #expect(examination.verdict.findings.first { $0.rule == .attributesFixed }?.grade == .tokenAsserted)
    #expect(bench.module.calls.filter { $0.function == "C_SetAttributeValue" }.count >= 2)
    #expect(try await bench.keys.verdict(of: key).isMet)
  }

  @Test("A token that numbers its objects anew for a search loses no key by it")
  func otherNumbers() async throws {
    let bench = try await Bench([])
    let key = try await bench.keys.generate(.ecdsaP256, named: "key")
    _ = try await bench.keys.examine(key, probes: [.copy])
    try bench.module.add("drop-objects C_FindObjectsInit on 2")
    #expect(try await bench.keys.examine(key, probes: [.copy]).isMet)
  }

  @Test("What a token says that it made, and what was there before, is not destroyed")
  func foreignObject() async throws {
    let bench = try await Bench([])
    let other = try await bench.keys.generate(.ecdsaP256, named: "other", probes: [])
    let key = try await bench.keys.generate(.ecdsaP256, named: "key", probes: [])
    let half: [Attribute] = [.init(.objectClass, ObjectClass.publicKey), .init(.id, other.identifier.bytes)]
    let number = try await bench.keys.perform(isRepeatable: true) {
      try $0.reading { try $0.findObjects(matching: half).first?.rawValue ?? 0 }
    }
    try bench.module.add(FaultLine(stringLiteral: "copy-number \(number)"))
    let examination = try await bench.keys.examine(key, probes: [.copy])
    #expect(examination.probes.map(\.outcome) == [.succeeded])
    #expect(examination.probes.first?.detail?.contains("was not destroyed") == true)
    #expect(try await bench.count() == 4)
  }

  @Test("KEY-NOT-DESTROYABLE: a key that was made permanent, fails and cannot be destroyed stays, and the error says so")
  func permanentAndRefused() async throws {
    let bench = try await Bench([
      "swallow-attribute CKA_MODIFIABLE private set", "swallow-attribute CKA_DESTROYABLE private set",
      "force-attribute CKA_DESTROYABLE = FALSE private", .fail("C_DestroyObject", "CKR_ACTION_PROHIBITED"),
    ])
    let error = try await tokenKeysError {
      try await bench.keys.generate(.rsa2048, named: "key", policy: .nonExportableSigningPermanent, probes: [])
    }
    #expect(error.rule == .notModifiable)
    #expect(error.message.contains("was made permanent and then refused"), "\(error.message)")
    #expect(error.message.contains("stays on the token"))
  }

  @Test("On a token with one session, whose handles end with the login, a probe that costs the session costs no key")
  func oneSession() async throws {
    let bench = try await Bench([
      "max-sessions 1", "max-rw-sessions 1", "claim-sessions 1", "claim-rw-sessions 1", "drop-objects C_Login",
      .fail("C_CopyObject", "CKR_GENERAL_ERROR"),
    ])
    let (key, examination) = try await bench.keys.generateExamined(.ecdsaP256, named: "key")
    #expect(examination.probes.first { $0.probe == .copy }?.outcome == .inconclusive)
    #expect(try await bench.keys.examine(key).isMet)
    #expect(try await bench.count() == 2)
  }
}
