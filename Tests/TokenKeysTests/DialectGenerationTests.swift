import PKCS11
import TestSupport
import Testing

@testable import TokenKeys

@Suite("Generation in dialects, on SoftHSM", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct DialectGenerationTests {
  @Test("SoftHSM is known as such")
  func detected() throws {
    #expect(try TokenKeysBench().token.dialect == .softHSM)
  }

  @Test(
    "What a dialect asks for makes a key that meets the whole policy, as SoftHSM fills in the rest well",
    arguments: TokenDialect.all.filter { ![.tpm2, .nss, .openCryptoki].contains($0) })
  func generated(dialect: TokenDialect) async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "key", policy: .nonExportableSigning, dialect: dialect)
    #expect(key.identifier.bytes.count == 20, "also where it is set after the generation")
    #expect(try await keys.verdict(of: key).isMet)
    #expect(try await bench.keys().key(named: "key").identifier == key.identifier)
    #expect(try bench.count([]) == 2)
    _ = try await key.sign([1, 2, 3] as [UInt8])
  }

  @Test("A token that takes no template is named so, with its answers; nothing with the key's name or identifier is left")
  func noTemplate() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let stubborn = TokenDialect("stubborn", [.wants(.init(.local, true), at: .privateKey, "it wants what no token lets be set")])
    for algorithm in [KeyAlgorithm.ecdsaP256, .ed25519] {
      let error = try await tokenKeysError {
        try await keys.generate(algorithm, named: "key", policy: .nonExportableSigning, dialect: stubborn)
      }
      #expect(error.code == .templateRefused)
      #expect(error.message.contains("the whole template: CKR_"), "\(error.message)")
      #expect(error.message.contains("without also the uses that are denied: CKR_"))
      #expect(error.hint?.contains("stubborn") == true)
      #expect((error.underlying as? PKCS11Error)?.function == "C_GenerateKeyPair")
      #expect(try bench.count([Attribute(.label, "key")]) == 0)
      #expect(try bench.count([Attribute(.objectClass, ObjectClass.publicKey)]) == 0)
      // SoftHSM itself leaves an object without a name behind each template that it refuses. Nobody can tell whose it is.
      #expect(try await keys.keys().isEmpty)
      #expect(try await keys.unusableKeys().allSatisfy { $0.name.isEmpty && $0.reason.contains("no CKA_ID") })
    }
  }

  @Test("A smaller template does not make less do: what a token adds of its own is an objection, and the key is destroyed")
  func policyHolds() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    // SoftHSM's keys decrypt, and can be copied, unless it is told otherwise.
    for (dialect, rule) in [(TokenDialect.tpm2, KeyRule.signOnly), (.nss, .notCopyable), (.openCryptoki, .notCopyable)] {
      let error = try await tokenKeysError {
        try await keys.generate(.ecdsaP256, named: "key", policy: .nonExportableSigning, dialect: dialect)
      }
      #expect(error.rule == rule)
      #expect(try bench.count([]) == 0)
    }
  }

  @Test("KEY-UNIQUE-ID: where the token chooses the identifier, what was refused is destroyed by handle, and nothing else is")
  func destroyedByHandle() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let bystander = try await keys.generate(.ecdsaP256, named: "bystander")
    let demanding = KeyPolicy(name: "impossible", mustBeClaimed: [.verifyAfterSign])
    let error = try await tokenKeysError {
      try await keys.generate(.ecdsaP256, named: "doomed", policy: demanding, dialect: .kmsp11)
    }
    #expect(error.rule == .verifyAfterSign)
    #expect(try bench.count([]) == 2)
    #expect(try await keys.key(named: "bystander") == bystander)
  }

  @Test("The policy that asks nothing about the origin accepts a key that was brought in, and its verdict still says so")
  func originUnknown() async throws {
    let bench = try TokenKeysBench()
    try bench.importKey(named: "imported")
    let keys = try await bench.keys()
    let key = try await keys.key(named: "imported")
    let verdict = try await keys.verdict(of: key, policy: .nonExportableSigning.waiving(.local, because: "seen"))
    #expect(verdict.findings.first { $0.rule == .local }?.outcome == .violated)
    // SoftHSM also says that it was not always sensitive, which no policy overlooks.
    #expect(Set(verdict.objections.map(\.rule)) == [.alwaysSensitive, .neverExtractable])
    #expect(try await keys.verdict(of: key).objections.map(\.rule).contains(.local))
  }
}
