import Foundation
import TestSupport
import Testing

@testable import KeyEvidence

@Suite("Inventory: what is to be said of it as it is")
struct InventoryReviewTests {
  @Test("a good key beside its good certificate: nothing to say")
  func good() { #expect(Sample.rules(Sample.inventory()) == []) }

  @Test(
    "AUDIT-EXTRACTABLE: a private or secret key that can leave, or does not say that it cannot",
    arguments: [
      [(InventoryAttribute.extractable, true)], [(.sensitive, false)], [(.extractable, nil)], [(.sensitive, nil)],
    ] as [[(InventoryAttribute, Bool?)]])
  func extractable(_ changes: [(InventoryAttribute, Bool?)]) {
    #expect(Sample.rules(Sample.inventory(keys: [Sample.key(privateHalf: Sample.privateHalf(changes: changes))])) == [.extractable])
    let secret: [(InventoryAttribute, Bool?)] = [(.sensitive, true), (.extractable, false)]
    #expect(Sample.rules(Sample.inventory(others: [Sample.object("CKO_SECRET_KEY", changes: secret)])) == [])
    #expect(Sample.rules(Sample.inventory(others: [Sample.object("CKO_SECRET_KEY", changes: secret + changes)])) == [.extractable])
  }

  @Test("AUDIT-SIGN-ONLY: a key that decrypts, unwraps, derives or recovers, or does not sign")
  func signOnly() {
    for attribute in [InventoryAttribute.decrypt, .unwrap, .derive, .signRecover] {
      let findings = InventoryReview(
        Sample.inventory(keys: [
          Sample.key(privateHalf: Sample.privateHalf(objections: ["KEY-SIGN-ONLY"], changes: [(attribute, true)]))
        ]), at: Sample.now
      ).findings
      #expect(findings.map(\.rule) == [.signOnly])
      #expect(findings.first?.message == "allows CKA_SIGN, \(attribute)")
    }
    let idle = Sample.privateHalf(objections: ["KEY-SIGN-ONLY"], changes: [(.sign, false)])
    #expect(Sample.rules(Sample.inventory(keys: [Sample.key(privateHalf: idle)])) == [.signOnly])
    // A policy that lets keys decrypt as well has no objection.
    #expect(Sample.rules(Sample.inventory(keys: [Sample.key(privateHalf: Sample.privateHalf(changes: [(.decrypt, true)]))])) == [])
    // AUDIT-NOT-JUDGED: of a kind that no policy judges, the token's word counts, and that nobody judged it is told.
    let unjudged = InventoryHalf(label: "payroll", id: "01", attributes: Sample.privateHalf(changes: [(.decrypt, true)]).attributes)
    #expect(Sample.rules(Sample.inventory(keys: [Sample.key(privateHalf: unjudged)])) == [.signOnly, .notJudged])
  }

  @Test("AUDIT-POLICY: objections of the policy that have no rule here")
  func policy() {
    let imported = Sample.key(privateHalf: Sample.privateHalf(objections: ["KEY-LOCAL", "KEY-SENSITIVE", "KEY-SIZE"]))
    let findings = InventoryReview(Sample.inventory(keys: [imported]), at: Sample.now).findings
    #expect(findings.map(\.rule) == [.policy])
    #expect(findings.first?.message == "does not meet non-exportable-signing: KEY-LOCAL")
    #expect(Sample.rules(Sample.inventory(keys: [Sample.key(privateHalf: Sample.privateHalf(objections: ["KEY-SIZE"]))])) == [])
  }

  @Test(
    "AUDIT-WEAK: a small or unknown key",
    arguments: [
      ("rsa-2048", true), ("rsa-2047", false), ("rsa-1024", false), ("rsa-16384", true), ("ecdsa-p256", true), ("ecdsa-p521", true),
      ("ec-1.3.132.0.10", false), ("ed25519", true), ("CKK_DSA", false), ("CKK_ML_DSA", true), ("unknown", false), ("rsa-", false),
    ])
  func weakKey(_ algorithm: String, _ isGood: Bool) {
    #expect(Sample.rules(Sample.inventory(keys: [Sample.key(algorithm: algorithm)])) == (isGood ? [] : [.weak]))
    #expect(Sample.rules(Sample.inventory(certificates: [Sample.certificate(keyAlgorithm: algorithm)])) == (isGood ? [] : [.weak]))
  }

  @Test(
    "AUDIT-WEAK: a certificate that rests on SHA-1 or less",
    arguments: [("sha1WithRSAEncryption", false), ("ecdsaWithSHA1", false), ("md5WithRSAEncryption", false), ("ecdsaWithSHA256", true)])
  func weakSignature(_ algorithm: String, _ isGood: Bool) {
    #expect(Sample.rules(Sample.inventory(certificates: [Sample.certificate(signature: algorithm)])) == (isGood ? [] : [.weak]))
  }

  @Test("AUDIT-ID-SHARED and AUDIT-NAME-SHARED: told once for each identifier and name, with everybody who has it")
  func shared() {
    let twins = [Sample.key("one", id: "07"), Sample.key("two", id: "07")]
    let byID = InventoryReview(Sample.inventory(keys: twins, certificates: []), at: Sample.now).findings.filter { $0.severity > .notice }
    #expect(byID.map(\.rule) == [.idShared])
    #expect(byID.first?.message == "2 keys have this CKA_ID; their names: one, two")
    let namesakes = [Sample.key("twin", id: "01", key: "a"), Sample.key("twin", id: "02", key: "b"), Sample.key("other", id: "03")]
    let byName = InventoryReview(Sample.inventory(keys: namesakes, certificates: []), at: Sample.now).findings
    #expect(byName.filter { $0.severity > .notice }.map(\.rule) == [.nameShared])
    #expect(byName.first?.message == "2 keys have this name; their CKA_ID: 01, 02")
    // Nothing is shared by keys that have none.
    let nameless = [Sample.key("", id: "", key: "a"), Sample.key("", id: "", key: "b")]
    #expect(!Sample.rules(Sample.inventory(keys: nameless, certificates: [])).contains { $0 == .idShared || $0 == .nameShared })
  }

  /// Halves of EC pairs under one identifier, by label; a private half does not tell its public key.
  private static func builder(private privateLabels: [String], public publicLabels: [String]) -> InventoryBuilder {
    var builder = InventoryBuilder()
    for label in privateLabels {
      builder.add(privateHalf: .init(Sample.privateHalf(label, id: "44"), algorithm: "ecdsa-p256", publicKeySHA256: nil))
    }
    for (number, label) in publicLabels.enumerated() {
      builder.add(
        publicHalf: .init(
          Sample.publicHalf(label, id: "44"), algorithm: "ecdsa-p256", publicKeySHA256: Sample.digest("\(label) \(number)")))
    }
    return builder
  }

  private static func findings(_ builder: InventoryBuilder, waiving rules: Set<String> = []) -> [AuditFinding] {
    let inventory = builder.inventory(
      of: Sample.token, scope: .all, policy: "non-exportable-signing", waivedRules: rules, madeAt: Sample.now, madeBy: "test 1")
    return InventoryReview(inventory, at: Sample.now).findings.filter { $0.severity > .notice }
  }

  @Test("AUDIT-ID-SHARED, AUDIT-HALF-KEY: whole pairs under one identifier are pairs, and no half of them is missed")
  func wholePairs() {
    let pairs = Self.findings(Self.builder(private: ["one", "two"], public: ["two", "one"]))
    #expect(pairs.map(\.rule) == [.policy, .policy, .idShared])
    #expect(pairs.last?.message == "2 keys have this CKA_ID; their names: one, two")
    // Which is whose cannot be told, but that all are there can.
    let twins = Self.findings(Self.builder(private: ["twin", "twin"], public: ["twin", "twin"]))
    #expect(twins.map(\.rule) == [.policy, .policy, .idShared, .nameShared])
    #expect(twins.map(\.message).contains("2 keys have this CKA_ID; their names: twin, twin"))
    let more = Self.findings(Self.builder(private: ["twin"], public: ["twin", "twin"]))
    #expect(more.map(\.rule) == [.idShared, .nameShared, .halfKey, .halfKey])
    #expect(more.last?.message == "whether the private half is on the token cannot be told: 2 keys with this CKA_ID have 1")
    // What one really lacks is told.
    let less = Self.findings(Self.builder(private: ["one"], public: ["one", "two"]))
    #expect(less.map(\.rule) == [.idShared, .halfKey])
    #expect(less.last?.subject.name == "two")
    #expect(less.last?.message == "the private half is not on the token")
  }

  @Test("a waiver of KEY-UNIQUE-ID is heeded; that the identifier is shared is told all the same")
  func waivedUniqueID() {
    let builder = Self.builder(private: ["one", "two"], public: ["two", "one"])
    #expect(Self.findings(builder, waiving: ["KEY-UNIQUE-ID"]).map(\.rule) == [.idShared])
  }

  @Test(
    "AUDIT-EXPIRED, AUDIT-EXPIRING, AUDIT-NOT-YET-VALID: by the days that are left",
    arguments: [(700.0, AuditRule?.none), (60.5, nil), (59.5, .expiring), (0.5, .expiring), (-0.5, .expired), (-900, .expired)])
  func validity(_ days: Double, _ rule: AuditRule?) {
    #expect(Sample.rules(Sample.inventory(certificates: [Sample.certificate(days: days, begunDaysAgo: 1000)])) == [rule].compactMap(\.self))
    #expect(Sample.rules(Sample.inventory(certificates: [Sample.certificate(begunDaysAgo: -1)])) == [.notYetValid])
  }

  @Test("AUDIT-CERTIFICATE-WITHOUT-KEY: but an authority's needs none; AUDIT-KEY-WITHOUT-CERTIFICATE")
  func partners() {
    let stranger = Sample.certificate("stranger", id: "09")
    #expect(Sample.rules(Sample.inventory(certificates: [Sample.certificate(), stranger])) == [.certificateWithoutKey])
    let authority = Sample.certificate("root", id: "09", isAuthority: true)
    #expect(Sample.rules(Sample.inventory(certificates: [Sample.certificate(), authority])) == [])
    #expect(Sample.rules(Sample.inventory(certificates: [])) == [.keyWithoutCertificate])
  }

  @Test("AUDIT-HALF-KEY: one half, or two under different identifiers; without login nobody misses a private half")
  func halves() {
    #expect(Sample.rules(Sample.inventory(keys: [Sample.key(publicHalf: .some(nil))])) == [.halfKey])
    #expect(Sample.rules(Sample.inventory(keys: [Sample.key(privateHalf: .some(nil))])) == [.halfKey])
    #expect(Sample.rules(Sample.inventory(scope: .publicObjects, keys: [Sample.key(privateHalf: .some(nil))])) == [])
    #expect(Sample.rules(Sample.inventory(keys: [Sample.key(publicHalf: Sample.publicHalf(id: "02"))])) == [.halfKey])
  }

  @Test("AUDIT-UNREADABLE and AUDIT-UNKNOWN-OBJECT: what cannot be read, and what nobody knows")
  func strange() {
    let unreadable = InventoryUnreadable(objectClass: "", label: "", id: "", reason: "an object went away while it was read")
    #expect(Sample.rules(Sample.inventory(unreadable: [unreadable])) == [.unreadable])
    #expect(Sample.rules(Sample.inventory(others: [Sample.object("CKO_0xCE534353")])) == [.unknownObject])
    #expect(Sample.rules(Sample.inventory(others: [Sample.object("CKO_DATA")])) == [])
  }

  @Test("the worst comes first")
  func order() {
    let findings = InventoryReview(
      Sample.inventory(
        keys: [Sample.key("a", id: "01", publicHalf: .some(nil)), Sample.key("b", id: "02", algorithm: "rsa-512")], certificates: []),
      at: Sample.now
    ).findings
    #expect(findings.map(\.severity) == [.violation, .warning, .notice, .notice])
    #expect(findings.map(\.subject.name) == ["b", "a", "a", "b"])
  }

  @Test("each rule's sentence in reports is the one in docs/rules.md")
  func sentences() throws {
    let page = try String(contentsOf: OfficialMaterial.projectFolder.appending(path: "docs/rules.md"), encoding: .utf8)
    for rule in AuditRule.allCases {
      let row = page.split(separator: "\n").first { $0.hasPrefix("| `\(rule)` | ") }?.replacing("`", with: "")
      #expect(row?.hasPrefix("| \(rule) | \(rule.demand)") == true, "\(rule)")
    }
  }

  @Test("each rule says how much it weighs")
  func severities() {
    #expect(AuditSeverity.notice < .warning && .warning < .violation)
    #expect(AuditRule.allCases.filter { $0.severity == .notice } == [.keyWithoutCertificate, .notYetValid, .unknownObject])
    let warnings: [AuditRule] = [.nameShared, .expiring, .halfKey, .notJudged, .certificateWithoutKey]
    #expect(AuditRule.allCases.filter { $0.severity == .warning } == warnings)
    #expect([AuditRule.objectCount, .signer].map(\.severity) == [.violation, .violation])  // AUDIT-OBJECT-COUNT, AUDIT-SIGNER end the audit
  }
}
