import Secrets
import Testing

@testable import PKCS11
@testable import TokenKeys

@Suite("The policy, over made-up answers of a token")
struct KeyPolicyTests {
  /// What a token says of a key that meets every rule.
  private static func good(_ algorithm: KeyAlgorithm = .ecdsaP256) -> [AttributeType: AttributeValue] {
    var values: [AttributeType: AttributeValue] = [:]
    func set(_ type: AttributeType, _ bytes: [UInt8]) { values[type] = AttributeValue(content: .bytes(bytes)) }
    for type in [AttributeType.sensitive, .alwaysSensitive, .neverExtractable, .local, .isPrivate, .sign] { set(type, [1]) }
    for type in [AttributeType.extractable, .copyable, .decrypt, .unwrap, .derive, .signRecover] { set(type, [0]) }
    set(.keyGenerationMechanism, Attribute(.keyGenerationMechanism, algorithm.generation.type.rawValue).value)
    set(.id, [UInt8](repeating: 1, count: 20))
    return values
  }

  private func judge(
    _ values: [AttributeType: AttributeValue], algorithm: KeyAlgorithm = .ecdsaP256, observed: KeyAlgorithm? = .ecdsaP256, sameID: Int = 1,
    policy: KeyPolicy = .nonExportableSigning
  ) throws -> KeyVerdict {
    try policy.judge(AttributeValues(values), algorithm: algorithm, observedAlgorithm: observed, keysWithSameID: sameID)
  }

  private func changed(_ type: AttributeType, _ content: AttributeValue.Content?) -> [AttributeType: AttributeValue] {
    var values = Self.good()
    values[type] = content.map { AttributeValue(content: $0) }
    return values
  }

  private func outcome(_ rule: KeyRule, _ verdict: KeyVerdict) -> KeyVerdict.Outcome? {
    verdict.findings.first { $0.rule == rule }?.outcome
  }

  @Test("A key that meets every rule meets the policy, and every rule of the policy has one finding", arguments: KeyAlgorithm.allCases)
  func allMet(algorithm: KeyAlgorithm) throws {
    let verdict = try judge(Self.good(algorithm), algorithm: algorithm, observed: algorithm)
    #expect(verdict.isMet)
    #expect(verdict.findings.filter { $0.outcome != .met }.map(\.rule) == [.attributesFixed], "which only a probe shows")
    #expect(verdict.findings.allSatisfy { $0.grade == .tokenAsserted })
    #expect(
      verdict.findings.map(\.rule) == [
        .sensitive, .alwaysSensitive, .notExtractable, .neverExtractable, .attributesFixed, .local, .isPrivate, .notCopyable, .generatedBy,
        .signOnly, .size, .uniqueID,
      ])
    #expect(verdict.summary.isEmpty)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let rule: KeyRule
    let attribute: AttributeType
    let wrong: UInt8
    let mustBeClaimed: Bool
    var testDescription: String { "\(rule): \(attribute) = \(wrong)" }
  }

  static let cases = [
    Case(rule: .sensitive, attribute: .sensitive, wrong: 0, mustBeClaimed: true),
    Case(rule: .alwaysSensitive, attribute: .alwaysSensitive, wrong: 0, mustBeClaimed: false),
    Case(rule: .notExtractable, attribute: .extractable, wrong: 1, mustBeClaimed: true),
    Case(rule: .neverExtractable, attribute: .neverExtractable, wrong: 0, mustBeClaimed: false),
    Case(rule: .local, attribute: .local, wrong: 0, mustBeClaimed: false),
    Case(rule: .isPrivate, attribute: .isPrivate, wrong: 0, mustBeClaimed: false),
    Case(rule: .notCopyable, attribute: .copyable, wrong: 1, mustBeClaimed: false),
    Case(rule: .signOnly, attribute: .sign, wrong: 0, mustBeClaimed: true),
  ]

  @Test(
    """
    KEY-SENSITIVE KEY-ALWAYS-SENSITIVE KEY-NOT-EXTRACTABLE KEY-NEVER-EXTRACTABLE KEY-LOCAL KEY-PRIVATE KEY-NOT-COPYABLE \
    KEY-SIGN-ONLY: the opposite is an objection, and the only one
    """,
    arguments: cases)
  func violated(_ test: Case) throws {
    let verdict = try judge(changed(test.attribute, .bytes([test.wrong])))
    #expect(verdict.objections.map(\.rule) == [test.rule])
    #expect(outcome(test.rule, verdict) == .violated)
    #expect(verdict.summary.hasPrefix("\(test.rule) violated ("))
  }

  @Test(
    "KEY-SENSITIVE KEY-NOT-EXTRACTABLE KEY-SIGN-ONLY must be claimed; of the others silence is not held against a token",
    arguments: cases, [AttributeValue.Content.unavailable, .sensitive])
  func notClaimed(_ test: Case, _ silence: AttributeValue.Content) throws {
    let verdict = try judge(changed(test.attribute, silence))
    #expect(outcome(test.rule, verdict) == .notClaimed)
    #expect(verdict.isMet == !test.mustBeClaimed)
    #expect(verdict.objections.map(\.rule) == (test.mustBeClaimed ? [test.rule] : []))
  }

  @Test("KEY-SIGN-ONLY: any other use is an objection that names it", arguments: [AttributeType.decrypt, .unwrap, .derive, .signRecover])
  func otherUses(_ use: AttributeType) throws {
    let verdict = try judge(changed(use, .bytes([1])))
    #expect(verdict.objections.map(\.rule) == [.signOnly])
    #expect(verdict.objections.first?.observed == "allows CKA_SIGN, \(use)")
    #expect(try judge(changed(use, .unavailable)).isMet, "a use that the token does not know")
  }

  @Test("KEY-GENERATED-BY: another mechanism is an objection; a token that does not know, or says that it does not, is believed")
  func generatedBy() throws {
    func with(_ value: UInt) -> [AttributeType: AttributeValue] {
      changed(.keyGenerationMechanism, .bytes(Attribute(.keyGenerationMechanism, value).value))
    }
    let verdict = try judge(with(Mechanism.rsaPKCSKeyPairGeneration.type.rawValue))
    #expect(verdict.objections.map(\.rule) == [.generatedBy])
    for silent in [try judge(with(UInt.max)), try judge(changed(.keyGenerationMechanism, .unavailable))] {
      #expect(outcome(.generatedBy, silent) == .notClaimed)
      #expect(silent.isMet)
    }
  }

  @Test("KEY-SIZE: another algorithm or size than the one that was asked for is an objection", arguments: [KeyAlgorithm.ecdsaP384, nil])
  func size(observed: KeyAlgorithm?) throws {
    #expect(try judge(Self.good(), observed: observed).objections.map(\.rule) == [.size])
  }

  @Test("KEY-UNIQUE-ID: a CKA_ID of another length, none, or one that is shared is an objection")
  func uniqueID() throws {
    for values in [changed(.id, .bytes([1])), changed(.id, .bytes([])), changed(.id, .unavailable)] {
      #expect(try judge(values).objections.map(\.rule) == [.uniqueID])
    }
    for count in [0, 2] { #expect(try judge(Self.good(), sameID: count).objections.map(\.rule) == [.uniqueID]) }
  }

  @Test(
    "A truth value or number of the wrong length is an error, not an answer",
    arguments: [AttributeType.sensitive, .keyGenerationMechanism, .decrypt])
  func malformed(_ type: AttributeType) throws {
    #expect(throws: PKCS11Error.self) { try judge(changed(type, .bytes([1, 0, 0]))) }
  }

  @Test("KEY-SIGN-ONLY: the policy for keys that decrypt too overlooks that and no other use, and no key that does not sign")
  func decrypting() throws {
    let policy = KeyPolicy.nonExportableSigningAndDecrypting
    let verdict = try judge(changed(.decrypt, .bytes([1])), policy: policy)
    #expect(verdict.isMet)
    #expect(outcome(.signOnly, verdict) == .violated)
    for use in [AttributeType.unwrap, .derive, .signRecover] {
      #expect(try judge(changed(use, .bytes([1])), policy: policy).objections.map(\.rule) == [.signOnly])
    }
    #expect(try judge(changed(.sign, .bytes([0])), policy: policy).objections.map(\.rule) == [.signOnly])
    #expect(try judge(changed(.sign, .unavailable), policy: policy).objections.map(\.rule) == [.signOnly])
    for other in [AttributeType.sensitive, .local] {
      #expect(try !judge(changed(other, .bytes([0])), policy: policy).isMet)
    }
  }

  @Test("KEY-LOCAL KEY-GENERATED-BY: the policy that does not ask for the origin overlooks those two and nothing else")
  func originUnknown() throws {
    let policy = try KeyPolicy.nonExportableSigning.waiving(.local, because: "seen").waiving(.generatedBy, because: "seen")
    let rsa = Attribute(.keyGenerationMechanism, Mechanism.rsaPKCSKeyPairGeneration.type.rawValue).value
    for values in [changed(.local, .bytes([0])), changed(.keyGenerationMechanism, .bytes(rsa))] {
      let verdict = try judge(values, policy: policy)
      #expect(verdict.isMet)
      #expect(verdict.findings.contains { $0.outcome == .violated })
    }
    for test in Self.cases where test.rule != .local {
      #expect(try judge(changed(test.attribute, .bytes([test.wrong])), policy: policy).objections.map(\.rule) == [test.rule])
    }
  }

  @Test("A stricter policy holds silence against the token")
  func stricter() throws {
    let strict = KeyPolicy(name: "strict", mustBeClaimed: [.local, .neverExtractable])
    let verdict = try judge(changed(.local, .unavailable), policy: strict)
    #expect(verdict.objections.map(\.rule) == [.local])
    #expect(verdict.summary == "KEY-LOCAL not claimed (CKA_LOCAL unknown to the token)")
  }

  @Test("Every rule has a name of its own, and allCases has every rule")
  func names() {
    #expect(Set(KeyRule.allCases.map(\.rawValue)).count == KeyRule.allCases.count)
    #expect(KeyRule.allCases.allSatisfy { $0.rawValue.hasPrefix("KEY-") || $0.rawValue.hasPrefix("PIN-") })
  }
}
