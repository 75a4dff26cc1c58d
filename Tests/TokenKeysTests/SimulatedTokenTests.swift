import PKCS11
import Secrets
import TestSupport
import Testing

@testable import TokenKeys

/// SoftHSM behind a module that refuses, demands, assumes and lies as other tokens do.
@Suite("Generation on simulated tokens", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct SimulatedTokenTests {
  /// One token behind a module of its own.
  private struct Bench {
    let module: FaultModule
    let keys: TokenKeys
    let token: Token
    private let folder = Result { try TemporaryFolder() }

    init(_ lines: [FaultLine]) async throws {
      let made = try SoftHSMFixture.takeToken()
      module = try FaultModule(.softHSM(made), lines)
      token = try #require(Module(path: module.path).tokens().first)
      let folder = try folder.get()
      try folder.write("\(made.userPIN)\n".utf8, to: "pin")
      keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:" + folder.path("pin")))
    }

    /// How many objects the token holds.
    func count(_ attributes: [Attribute] = []) async throws -> Int {
      try await keys.perform(isRepeatable: true) { try $0.reading { try $0.findObjects(matching: attributes).count } }
    }
  }

  private static let cloudHSM: [FaultLine] = [
    "module-info manufacturer -", "module-info description \"CloudHSM PKCS#11\"",
    "require-attribute CKA_PRIVATE = TRUE CKR_ATTRIBUTE_VALUE_INVALID public private generate",
    "refuse-attribute CKA_ID CKR_ATTRIBUTE_READ_ONLY set",
  ]
  private static let ykcs11: [FaultLine] = [
    "module-info manufacturer -", "module-info description \"PKCS#11 PIV Library (SP-800-73)\"",
    .tokenInfo(.manufacturer, "Yubico (www.yubico.com)"),
    .tokenInfo(.model, "YubiKey YK5"), "refuse-attribute CKA_EXTRACTABLE generate",
  ]
  private static let tpm2: [FaultLine] = [
    "module-info manufacturer -", "module-info description \"TPM2.0 Cryptoki\"", .tokenInfo(.manufacturer, "IBM"),
    .tokenInfo(.model, "SW   TPM"),
    "refuse-attribute CKA_ENCRYPT = FALSE CKR_GENERAL_ERROR generate", "refuse-attribute CKA_DECRYPT = FALSE CKR_GENERAL_ERROR generate",
  ]
  private static let kmsp11: [FaultLine] = [
    "module-info manufacturer -", "module-info description \"Cryptoki Library for Cloud KMS\"", .tokenInfo(.manufacturer, "Google"),
    .tokenInfo(.model, "-"),
    "refuse-attribute CKA_ID CKR_ATTRIBUTE_TYPE_INVALID generate set", "default-attribute CKA_ID = hex:0102 generate",
  ]
  private static let openCryptoki: [FaultLine] = [
    "module-info description \"Meta PKCS11 LIBRARY\"", "module-info manufacturer IBM", .tokenInfo(.manufacturer, "IBM"),
    .tokenInfo(.model, "IBM SoftTok"), "refuse-attribute CKA_COPYABLE generate", "hide-attribute CKA_COPYABLE",
  ]

  @Test("A key whose login was lost while it was made is not taken for gone because it is not seen any more")
  func loginLostWhileMaking() async throws {
    let bench = try await Bench([.noReadOnlySessions(), .dropLogin(on: "C_GenerateKeyPair", .after)])
    let error = try await #require(throws: TokenKeysError.self) { _ = try await bench.keys.generate(.ecdsaP256, named: "lost") }
    #expect(error.code == .keyUnusable)
    #expect(error.message.contains("may still be on the token"))
    try bench.module.script([])
    #expect(try await bench.keys.isTaken("lost"))
  }

  @Test("The first template of a known dialect is taken, and the key meets the policy")
  func firstTemplate() async throws {
    for (name, lines) in [("cloudhsm", Self.cloudHSM), ("ykcs11", Self.ykcs11), ("opencryptoki", Self.openCryptoki)] {
      let hidden: [FaultLine] = [.tokenInfo(.manufacturer, "-"), .tokenInfo(.model, "-")]
      let bench = try await Bench(name == "cloudhsm" ? hidden + lines : lines)
      #expect(bench.token.dialect.name == name)
      // A token that cannot be told that a key is not to be copied makes keys that can be.
      let policy: KeyPolicy =
        name == "opencryptoki" ? try .nonExportableSigning.waiving(.notCopyable, because: "not known here") : .nonExportableSigning
      let key = try await bench.keys.generate(.ecdsaP256, named: "key", policy: policy)
      #expect(bench.module.count(of: "C_GenerateKeyPair") == 1)
      #expect(try await bench.keys.verdict(of: key).isMet)
      _ = try await key.sign([1, 2, 3] as [UInt8])
    }
  }

  @Test("KEY-SIGN-ONLY: a TPM's keys decrypt too, so they are refused and destroyed, unless the policy overlooks just that")
  func tpm2() async throws {
    let bench = try await Bench(Self.tpm2)
    #expect(bench.token.dialect == .tpm2)
    let error = try await tokenKeysError { try await bench.keys.generate(.ecdsaP256, named: "key") }
    #expect(error.rule == .signOnly)
    #expect(error.hint?.contains("of tpm2 tokens it is known that") == true)
    #expect(try await bench.count() == 0)
    let key = try await bench.keys.generate(.ecdsaP256, named: "key", policy: .nonExportableSigningAndDecrypting)
    #expect(try await !bench.keys.verdict(of: key).isMet)
  }

  @Test("KEY-UNIQUE-ID: an identifier that the token chose is refused, and the key is destroyed; a key that had it before is not")
  func kmsp11() async throws {
    let bench = try await Bench(Self.kmsp11)
    #expect(bench.token.dialect == .kmsp11)
    // Somebody else's, with the identifier that the token will choose again.
    try await bench.keys.perform(isRepeatable: false) { connection in
      _ = try connection.writing { session in
        try session.generateKeyPair(
          .ecKeyPairGeneration,
          publicKey: [Attribute(.token, true), Attribute(.label, "other"), Attribute(.ecParameters, EllipticCurve.p256.parameters)],
          privateKey: [Attribute(.token, true), Attribute(.label, "other")])
      }
    }
    await #expect(throws: TokenKeysError.self) { try await bench.keys.generate(.ecdsaP256, named: "key") }
    #expect(try await bench.count() == 2)
    #expect(try await bench.count([Attribute(.label, "other")]) == 2)
  }

  @Test("KEY-UNIQUE-ID: a single key with an identifier of the token's own choice is found by it, and refused for its length")
  func chosenIdentifier() async throws {
    let bench = try await Bench(Self.kmsp11)
    let error = try await tokenKeysError { try await bench.keys.generate(.ecdsaP256, named: "key") }
    #expect(error.rule == .uniqueID)
    #expect(error.message.contains("CKA_ID of 2 bytes on 1 private key"))
    #expect(try await bench.count() == 0)
  }

  @Test(
    "A token of no known dialect that refuses attributes gets smaller templates, each attribute that it knows in the largest that it takes")
  func unknown() async throws {
    let bench = try await Bench([
      "module-info manufacturer Somebody", .tokenInfo(.manufacturer, "Somebody"), .tokenInfo(.model, "Something"),
      "refuse-attribute CKA_COPYABLE generate", "hide-attribute CKA_COPYABLE",
    ])
    #expect(bench.token.dialect == .standard)
    #expect(try await tokenKeysError { try await bench.keys.generate(.ecdsaP256, named: "copied") }.rule == .notCopyable)
    #expect(try await bench.count() == 0)
    #expect(bench.module.count(of: "C_GenerateKeyPair") == 2)
    let key = try await bench.keys.generate(
      .ecdsaP256, named: "key", policy: .nonExportableSigning.waiving(.notCopyable, because: "the token does not know the attribute"))
    #expect(try await bench.keys.verdict(of: key).findings.first { $0.rule == .notCopyable }?.outcome == .notClaimed)
    #expect(try await bench.count() == 2)
  }

  @Test("KEY-NOT-EXTRACTABLE: a token that refuses to be told makes extractable keys, which are destroyed")
  func extractable() async throws {
    let bench = try await Bench([
      "module-info manufacturer Somebody", .tokenInfo(.manufacturer, "Somebody"), .tokenInfo(.model, "Something"),
      "refuse-attribute CKA_EXTRACTABLE CKR_TEMPLATE_INCONSISTENT generate", "default-attribute CKA_EXTRACTABLE = TRUE private generate",
      "default-attribute CKA_COPYABLE = FALSE private generate", "default-attribute CKA_DECRYPT = FALSE private generate",
      "default-attribute CKA_UNWRAP = FALSE private generate", "default-attribute CKA_DERIVE = FALSE private generate",
      "default-attribute CKA_SIGN_RECOVER = FALSE private generate",
    ])
    let error = try await tokenKeysError { try await bench.keys.generate(.ecdsaP256, named: "key") }
    #expect(error.rule == .notExtractable)
    #expect(bench.module.count(of: "C_GenerateKeyPair") == 4)
    #expect(try await bench.count() == 0)
  }

  @Test("KEY-NOT-EXTRACTABLE KEY-SENSITIVE: a token that swallows what it is asked and makes something else is found out")
  func swallowed() async throws {
    for (attribute, value, rule) in [("CKA_EXTRACTABLE", "TRUE", KeyRule.notExtractable), ("CKA_SENSITIVE", "FALSE", .sensitive)] {
      let bench = try await Bench([
        FaultLine(stringLiteral: "swallow-attribute \(attribute) private generate"),
        FaultLine(stringLiteral: "default-attribute \(attribute) = \(value) private generate"),
      ])
      let error = try await tokenKeysError { try await bench.keys.generate(.ecdsaP256, named: "key") }
      #expect(error.rule == rule)
      #expect(try await bench.count() == 0)
    }
  }

  @Test("A token that takes CKA_ID and forgets it leaves no key behind that nobody can find")
  func forgottenIdentifier() async throws {
    let bench = try await Bench(["swallow-attribute CKA_ID public private generate"])
    let error = try await tokenKeysError { try await bench.keys.generate(.ecdsaP256, named: "key") }
    #expect(error.code == .keyUnusable)
    #expect(try await bench.count() == 0)
  }

  @Test(
    "A failure, before or after the token has made the key, leaves nothing",
    arguments: ["CKR_DEVICE_ERROR", "CKR_GENERAL_ERROR", "0x80001234"],
    [false, true])
  func failure(code: String, isAfter: Bool) async throws {
    let bench = try await Bench([])
    try bench.module.script(
      isAfter
        ? .fail("C_GenerateKeyPair", FaultCode(stringLiteral: code), .once, .after)
        : .fail("C_GenerateKeyPair", FaultCode(stringLiteral: code), .once))
    await #expect(throws: (any Error).self) { try await bench.keys.generate(.ecdsaP256, named: "key") }
    #expect(try await bench.count() == 0)
    _ = try await bench.keys.generate(.ecdsaP256, named: "key")
  }

  @Test("A key that was refused and cannot be destroyed is reported with its name and identifier")
  func notDestroyed() async throws {
    let bench = try await Bench([.fail("C_DestroyObject", "CKR_DEVICE_MEMORY")])
    let demanding = KeyPolicy(name: "impossible", mustBeClaimed: [.verifyAfterSign])
    let error = try await tokenKeysError { try await bench.keys.generate(.ecdsaP256, named: "doomed", policy: demanding) }
    #expect(error.message.contains("may still be on the token"))
    #expect(error.message.contains("CKR_DEVICE_MEMORY"))
    #expect(error.hint?.contains("doomed") == true)
    #expect((error.underlying as? TokenKeysError)?.rule == .verifyAfterSign)
  }

  @Test("A mechanism that the token does not offer for making keys is named before anything is made")
  func noGeneration() async throws {
    let bench = try await Bench([.hideMechanism("CKM_EC_KEY_PAIR_GEN")])
    let error = try await tokenKeysError { try await bench.keys.generate(.ecdsaP256, named: "key") }
    #expect(error.code == .mechanismMissing)
    #expect(error.message == "the token does not offer CKM_EC_KEY_PAIR_GEN")
    #expect(bench.module.count(of: "C_GenerateKeyPair") == 0)
  }

  @Test("A token that offers ML-DSA is told why no such key is made, before anything is made", arguments: [KeyAlgorithm.mlDSA65, .mlDSA87])
  func postQuantum(algorithm: KeyAlgorithm) async throws {
    let bench = try await Bench(["add-mechanism 0x1C 1312 2592 0x10000", "add-mechanism 0x1D 1312 2592 0x2800"])
    let error = try await tokenKeysError { try await bench.keys.generate(algorithm, named: "key") }
    #expect(error.code == .algorithmUnsupported)
    #expect(bench.module.count(of: "C_GenerateKeyPair") == 0)
  }

  @Test("A key that wants its PIN each time gets it between C_SignInit and C_Sign, each time, and no size is asked for")
  func contextSpecificLogin() async throws {
    let bench = try await Bench([])
    let key = try await bench.keys.generate(.ecdsaP256, named: "key")
    try bench.module.script("always-authenticate on", "force-attribute CKA_ALWAYS_AUTHENTICATE = TRUE private")
    try bench.module.forgetCalls()
    #expect(!key.wantsPINEachTime, "it was read when it was made")
    let found = try await bench.keys.key(named: "key")
    #expect(found.wantsPINEachTime)
    try bench.module.forgetCalls()
    for _ in 0..<3 { _ = try await found.sign([1, 2, 3] as [UInt8]) }
    let calls = bench.module.calls.map(\.function).filter { ["C_SignInit", "C_Login", "C_Sign"].contains($0) }
    #expect(calls == ["C_SignInit", "C_Login", "C_Sign", "C_SignInit", "C_Login", "C_Sign", "C_SignInit", "C_Login", "C_Sign"])
    #expect(!bench.module.events.contains("SIZE-QUERY"))
  }

  @Test(
    "When such a signature fails after the PIN was shown, it is not shown again; what broke is mended for the next",
    arguments: ["fail C_Sign CKR_SESSION_HANDLE_INVALID", "fail C_Sign CKR_DEVICE_ERROR", "fail C_Sign CKR_SESSION_CLOSED after"])
  func pinIsShownOnce(line: String) async throws {
    let bench = try await Bench([])
    _ = try await bench.keys.generate(.ecdsaP256, named: "key")
    let lines: [FaultLine] = ["always-authenticate on", "force-attribute CKA_ALWAYS_AUTHENTICATE = TRUE private"]
    try bench.module.script(lines)
    let key = try await bench.keys.key(named: "key")
    try bench.module.script(lines + [FaultLine(stringLiteral: line + " times 1")])
    try bench.module.forgetCalls()
    await #expect(throws: PKCS11Error.self) { _ = try await key.sign([1, 2, 3] as [UInt8]) }
    #expect(bench.module.count(of: "C_Login") == 1, "\(bench.module.calls.map(\.function))")
    #expect(bench.module.count(of: "C_Sign") == 1)
    _ = try await key.sign([1, 2, 3] as [UInt8])
    #expect(bench.module.count(of: "C_Login") == 2)
  }

  @Test("When it fails before the PIN was shown, the next session does it")
  func pinWasNotShown() async throws {
    let bench = try await Bench([])
    _ = try await bench.keys.generate(.ecdsaP256, named: "key")
    let lines: [FaultLine] = ["always-authenticate on", "force-attribute CKA_ALWAYS_AUTHENTICATE = TRUE private"]
    try bench.module.script(lines)
    let key = try await bench.keys.key(named: "key")
    try bench.module.script(lines + [.fail("C_SignInit", "CKR_SESSION_HANDLE_INVALID", .once)])
    try bench.module.forgetCalls()
    _ = try await key.sign([1, 2, 3] as [UInt8])
    #expect(bench.module.count(of: "C_Login") == 1)
  }
}
