import Foundation
import KeyEvidence
import TestSupport
import Testing
import X509

@Suite("Key proofs")
struct KeyProofTests {
  private let now = Date(timeIntervalSince1970: 1_767_400_000)

  /// The proof with something of it replaced and signed anew: what only a liar with the key makes.
  private func lie(_ fixture: ProofFixture = ProofFixture(), _ change: (inout JSONValue) -> Void) throws -> EvidenceError {
    var content = try fixture.proof().content
    change(&content)
    let file = try ProofFixture.file(content, fixture.signer)
    return try refusal { _ = try VerifiedKeyProof.verify(file, at: now) }
  }

  @Test("what is proved is read back, with each kind of key", arguments: StatementSignatureAlgorithm.allCases)
  func roundTrip(algorithm: StatementSignatureAlgorithm) throws {
    let fixture = ProofFixture(try SoftwareSigner.of(algorithm))
    let verified = try VerifiedKeyProof.verify(try fixture.file(), at: now)
    #expect(verified.proof == (try fixture.proof()))
    #expect(try KeyProof(content: verified.proof.content) == verified.proof)
    #expect(verified.proof.objections.isEmpty)
    #expect(verified.signature(of: fixture.signer.publicKey)?.algorithm == algorithm)
    #expect(verified.proof.key.publicKeyWords.count == 32)
    #expect(verified.proof.mechanisms[0].maximum == JSONValue.maximumInteger)
  }

  @Test("a proof without challenge, certificates, probes and waivers")
  func smallest() throws {
    var fixture = ProofFixture()
    fixture.challenge = nil
    fixture.probes = []
    fixture.policy = .init(name: "p", isMet: true, mustBeClaimed: [])
    fixture.rules = [.init(rule: "KEY-SENSITIVE", outcome: "met", grade: "token-asserted", observed: "")]
    #expect(throws: Never.self) { try VerifiedKeyProof.verify(try fixture.file(), at: now) }
  }

  @Test("another key's signature in the place of the key's own is refused (EVIDENCE-KEY-SIGNED)")
  func keySigned() throws {
    let fixture = ProofFixture()
    let content = try fixture.proof().content
    let (other, auditor) = (SoftwareSigner.p256(), SoftwareSigner.ed25519())
    let another = try refusal { _ = try VerifiedKeyProof.verify(try ProofFixture.file(content, other), at: now) }
    #expect(another.rule.rawValue == "EVIDENCE-KEY-SIGNED" && another.where == "/signatures/0/role")
    var draft = StatementDraft(format: KeyProof.format, content: content)
    try draft.add(try auditor.signature("auditor", of: draft))
    let nobody = try refusal { _ = try VerifiedKeyProof.verify(draft.encoded(), at: now) }
    #expect(nobody.rule == .keySigned && nobody.where == "/signatures")
    try draft.add(try fixture.signer.signature("witness", of: draft))
    let otherRole = try refusal { _ = try VerifiedKeyProof.verify(draft.encoded(), at: now) }
    #expect(otherRole.rule == .keySigned && otherRole.where == "/signatures/1/role")
    let both = try VerifiedKeyProof.verify(try fixture.file([("auditor", auditor)]), at: now)
    #expect(both.signatures.map(\.role) == ["auditor", "key"])
    #expect(both.signature(of: auditor.publicKey) != nil && both.signature(of: other.publicKey) == nil)
  }

  @Test("SHA-256 and words follow from the public key (EVIDENCE-PUBLIC-KEY), and so does the algorithm (EVIDENCE-KEY-ALGORITHM)")
  func publicKey() throws {
    let digest = try lie { $0["/key/public-key-sha256"] = .string(String(repeating: "0", count: 64)) }
    #expect(digest.rule.rawValue == "EVIDENCE-PUBLIC-KEY" && digest.where == "/content/key/public-key-sha256")
    let words = try lie { $0["/key/public-key-words"] = "aardvark" }
    #expect(words.rule == .publicKey && words.where == "/content/key/public-key-words")
    let key = try lie { $0["/key/public-key"] = "AAAA" }
    #expect(key.rule == .publicKey && key.where == "/content/key/public-key")
    let algorithm = try lie { $0["/key/algorithm"] = "ecdsa-p384" }
    #expect(algorithm.rule.rawValue == "EVIDENCE-KEY-ALGORITHM" && algorithm.where == "/content/key/algorithm")
  }

  @Test("the outcome of a probe follows from its calls (EVIDENCE-PROBE)")
  func probes() throws {
    let succeeded = try lie { $0["/probes/1/calls/1/returned"] = "CKR_OK" }
    #expect(succeeded.rule.rawValue == "EVIDENCE-PROBE" && succeeded.where == "/content/probes/1/outcome")
    #expect(try lie { $0["/probes/0/calls"] = [] }.where == "/content/probes/0/outcome")
    #expect(try lie { $0["/probes/0/outcome"] = "succeeded" }.rule == .probe)
    #expect(try lie { $0["/probes/0/rule"] = "KEY-UNHEARD-OF" }.where == "/content/probes/0/rule")
    #expect(try lie { $0["/probes/2/outcome"] = "inconclusive" }.where == "/content/probes/2/outcome")
    // A violation that was seen is not called met.
    var fixture = ProofFixture()
    fixture.probes[1] = .init(
      probe: "wrap-out", rule: "KEY-NOT-EXTRACTABLE", action: "a", outcome: "succeeded",
      calls: [.init(function: "C_WrapKey", mechanism: "CKM_AES_KEY_WRAP", returned: "CKR_OK")])
    #expect(try refusal { _ = try fixture.proof() }.rule == .probe)
    fixture.rules[1] = .init(rule: "KEY-NOT-EXTRACTABLE", outcome: "violated", grade: "probed", observed: "C_WrapKey gave it out")
    #expect(try refusal { _ = try fixture.proof() }.rule == .policy)
    fixture.policy = .init(name: "p", isMet: false, mustBeClaimed: [], waivers: fixture.policy.waivers)
    #expect(try fixture.proof().objections.map(\.rule) == ["KEY-NOT-EXTRACTABLE"])
  }

  @Test("a probe is of its own rule, is refused only where its own function was, and an unknown one gives nothing away (EVIDENCE-PROBE)")
  func contradictions() throws {
    // The value was read, and is said to have been refused.
    #expect(try lie { $0["/probes/0/calls/0/returned"] = "CKR_OK" }.where == "/content/probes/0/outcome")
    // No key was asked for wrapped.
    #expect(try lie { $0["/probes/1/calls/1"] = nil }.where == "/content/probes/1/outcome")
    #expect(try lie { $0["/probes/1/calls/1/function"] = "C_EncryptInit" }.where == "/content/probes/1/outcome")
    #expect(try lie { $0["/probes/1/calls/1/returned"] = "CKR_MECHANISM_INVALID" }.where == "/content/probes/1/outcome")
    #expect(try lie { $0["/probes/1/rule"] = "KEY-SENSITIVE" }.where == "/content/probes/1/rule")
    // Under another name the same.
    let renamed = try lie {
      $0["/probes/1/probe"] = "wrap-out-again"
      $0["/probes/1/calls/1/returned"] = "CKR_OK"
    }
    #expect(renamed.rule == .probe && renamed.where == "/content/probes/1/outcome")
    let unanswered = try lie {
      $0["/probes/0/probe"] = "look-at"
      $0["/probes/0/calls/0/returned"] = "CKR_OK"
    }
    #expect(unanswered.rule == .probe)
  }

  @Test("the grade of a rule follows from its probes (EVIDENCE-GRADE)")
  func grades() throws {
    let more = try lie { $0["/rules/3/grade"] = "probed" }
    #expect(more.rule.rawValue == "EVIDENCE-GRADE" && more.where == "/content/rules/3/grade")
    #expect(try lie { $0["/rules/0/grade"] = "token-asserted" }.where == "/content/rules/0/grade")
    #expect(try lie { $0["/rules/0/grade"] = "vendor-attested" }.rule == .grade)
    // A flag that can be turned is worth no more than the token's word, whatever was refused besides.
    var fixture = ProofFixture()
    fixture.rules.append(.init(rule: "KEY-ATTRIBUTES-FIXED", outcome: "violated", grade: "probed", observed: "turned", isWaived: true))
    fixture.policy = .init(
      name: "p", isMet: true, mustBeClaimed: [], waivers: fixture.policy.waivers + [.init(rule: "KEY-ATTRIBUTES-FIXED", reason: "a TPM")])
    fixture.probes.append(
      .init(
        probe: "make-readable", rule: "KEY-ATTRIBUTES-FIXED", action: "turn CKA_SENSITIVE off", outcome: "succeeded",
        calls: [.init(function: "C_SetAttributeValue", returned: "CKR_OK")]))
    #expect(try refusal { _ = try fixture.proof() }.where == "/content/rules/0/grade")
    fixture.rules[0] = .init(rule: "KEY-SENSITIVE", outcome: "met", grade: "token-asserted", observed: "CKA_SENSITIVE = true")
    #expect(throws: Never.self) { try fixture.proof() }
    #expect(try lie { $0["/rules/0/grade"] = "sworn" }.rule == .members)
  }

  @Test("waivers and marks belong together (EVIDENCE-WAIVER)")
  func waivers() throws {
    #expect(try lie { $0["/rules/2/waived"] = nil }.rule.rawValue == "EVIDENCE-WAIVER")
    #expect(try lie { $0["/policy/waivers"] = [] }.where == "/content/rules/2/waived")
    #expect(try lie { $0["/policy/waivers/0/rule"] = "KEY-UNHEARD-OF" }.where == "/content/policy/waivers/0/rule")
    #expect(try lie { $0["/policy/waivers/0/reason"] = "" }.rule == .members)
    #expect(try lie { $0["/rules/2/waived"] = false }.rule == .members)
  }

  @Test("whether the policy is met follows from the rules (EVIDENCE-POLICY)")
  func policy() throws {
    #expect(try lie { $0["/policy/is-met"] = false }.rule.rawValue == "EVIDENCE-POLICY")
    #expect(try lie { $0["/rules/3/outcome"] = "violated" }.where == "/content/policy/is-met")
    #expect(try lie { $0["/policy/must-be-claimed/2"] = "KEY-NOT-COPYABLE" }.where == "/content/policy/is-met")
    #expect(try lie { $0["/policy/must-be-claimed/2"] = "KEY-UNHEARD-OF" }.where == "/content/policy/must-be-claimed/2")
    var fixture = ProofFixture()
    fixture.rules[3] = .init(rule: "KEY-NOT-COPYABLE", outcome: "violated", grade: "token-asserted", observed: "")
    #expect(try refusal { _ = try fixture.proof() }.rule == .policy)
    fixture.policy = .init(
      name: "p", isMet: true, mustBeClaimed: [], tolerated: ["KEY-NOT-COPYABLE"], waivers: fixture.policy.waivers)
    #expect(throws: Never.self) { try fixture.proof() }
  }

  @Test("nothing is listed twice (EVIDENCE-ONCE)")
  func once() throws {
    let twice = try lie { $0["/rules/4"] = $0["/rules/0"] }
    #expect(twice.rule.rawValue == "EVIDENCE-ONCE" && twice.where == "/content/rules/4")
    #expect(try lie { $0["/probes/3"] = $0["/probes/0"] }.where == "/content/probes/3")
    #expect(try lie { $0["/mechanisms/1"] = $0["/mechanisms/0"] }.rule == .once)
  }

  @Test("the first certificate holds the key (EVIDENCE-CERTIFICATE), and attached data have their SHA-256 (EVIDENCE-ATTESTATION)")
  func attachments() throws {
    let authority = SoftwareSigner.p256()
    var fixture = ProofFixture()
    let leaf = try ProofFixture.certificate(for: fixture.signer.publicKey, issuedBy: ("ca", authority.privateKey), subject: "payroll")
    let root = try ProofFixture.certificate(
      for: authority.publicKey, issuedBy: ("ca", authority.privateKey), subject: "ca", isAuthority: true)
    fixture.certificates = [try leaf.der, try root.der]
    fixture.attestations = [.init(type: "vendor-x", data: [1, 2, 3])]
    #expect(throws: Never.self) { try VerifiedKeyProof.verify(try fixture.file(), at: now) }
    let data = try lie(fixture) { $0["/attestations/0/data"] = "AAAA" }
    #expect(data.rule.rawValue == "EVIDENCE-ATTESTATION" && data.where == "/content/attestations/0/sha256")
    let certificate = try lie(fixture) { $0["/certificates/1"] = "AAAA" }
    #expect(certificate.rule.rawValue == "EVIDENCE-CERTIFICATE" && certificate.where == "/content/certificates/1")
    fixture.certificates = [try root.der, try leaf.der]
    #expect(try refusal { _ = try fixture.proof() }.where == "/content/certificates/0")
  }

  @Test("times are UTC, in whole seconds, and not in the future (EVIDENCE-TIME)")
  func time() throws {
    for text in [
      "2026-01-02 03:04:05Z", "2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05.5Z", "2026-02-30T03:04:05Z", "2026-01-02", "soon",
    ] {
      let error = try lie { $0["/made-at"] = .string(text) }
      #expect(error.rule.rawValue == "EVIDENCE-TIME" && error.where == "/content/made-at", "\(text)")
    }
    var fixture = ProofFixture()
    fixture.madeAt = now.addingTimeInterval(301)
    let future = try refusal { _ = try VerifiedKeyProof.verify(try fixture.file(), at: now) }
    #expect(future.rule == .time && future.hint?.contains("clock") == true)
    fixture.madeAt = now.addingTimeInterval(299)
    #expect(throws: Never.self) { try VerifiedKeyProof.verify(try fixture.file(), at: now) }
  }

  @Test("a checker's key (EVIDENCE-KEY-NAMED), auditor (EVIDENCE-AUDITOR-SIGNED) and challenge (EVIDENCE-CHALLENGE) must be the proof's")
  func named() throws {
    var fixture = ProofFixture()
    let (auditor, other) = (SoftwareSigner.ed25519(), SoftwareSigner.p256())
    let verified = try VerifiedKeyProof.verify(try fixture.file([("auditor", auditor)]), at: now)
    #expect(throws: Never.self) { try verified.check(key: fixture.signer.publicKey) }
    #expect(throws: Never.self) { try verified.check(auditor: auditor.publicKey) }
    #expect(throws: Never.self) { try verified.check(challenge: "blue horse, 2 January") }
    #expect(try refusal { try verified.check(key: other.publicKey) }.rule.rawValue == "EVIDENCE-KEY-NAMED")
    #expect(try refusal { try verified.check(auditor: other.publicKey) }.rule.rawValue == "EVIDENCE-AUDITOR-SIGNED")
    #expect(try refusal { try verified.check(auditor: fixture.signer.publicKey) }.rule == .auditorSigned, "the key is not its own auditor")
    #expect(try refusal { try verified.check(challenge: "blue horse") }.rule.rawValue == "EVIDENCE-CHALLENGE")
    fixture.challenge = nil
    let without = try VerifiedKeyProof.verify(try fixture.file(), at: now)
    #expect(try refusal { try without.check(challenge: "") }.rule == .challenge)
  }

  @Test("rules and probes that this version does not know are let through")
  func unknown() throws {
    var fixture = ProofFixture()
    fixture.rules.append(.init(rule: "KEY-MOON-PHASE", outcome: "met", grade: "probed", observed: "full"))
    fixture.probes.append(
      .init(
        probe: "look-up", rule: "KEY-MOON-PHASE", action: "look", outcome: "refused",
        calls: [.init(function: "C_LookUp", returned: "0x80000001")]))
    #expect(throws: Never.self) { try VerifiedKeyProof.verify(try fixture.file(), at: now) }
  }

  @Test("each member must be there, be of its type, and have no unknown one beside it (EVIDENCE-MEMBERS)")
  func everyMember() throws {
    let authority = SoftwareSigner.p256()
    var fixture = ProofFixture()
    fixture.certificates = [
      try ProofFixture.certificate(for: fixture.signer.publicKey, issuedBy: ("ca", authority.privateKey), subject: "payroll").der
    ]
    fixture.attestations = [.init(type: "vendor-x", data: [1, 2, 3])]
    let content = try fixture.proof().content
    var tried = 0
    func walk(_ value: JSONValue, _ path: [String]) throws {
      func refused(_ changed: JSONValue?, at path: [String], _ what: String) throws {
        var content = content
        content[path] = changed
        guard (try? KeyProof(content: content)) == nil else {
          let optional = path == ["challenge"] || path.last == "detail" || path.last == "mechanism"
          if !(optional && changed == nil) { Issue.record("\(what) at \(path) is taken") }
          return
        }
        tried += 1
      }
      if !path.isEmpty { try refused(.null, at: path, "null") }
      switch value {
      case .object(let members):
        try refused(1, at: path + ["more"], "an unknown member")
        for (name, member) in members {
          try refused(nil, at: path + [name], "nothing")
          try walk(member, path + [name])
        }
      case .array(let elements): for (index, element) in elements.enumerated() { try walk(element, path + ["\(index)"]) }
      case .string:
        try refused(1, at: path, "a number")
        try refused("\u{1B}[2J", at: path, "a control character")
      case .integer:
        try refused("1", at: path, "a text")
        try refused(-1, at: path, "a negative number")
      default: try refused("true", at: path, "a text")
      }
    }
    try walk(content, [])
    #expect(tried > 200)
  }
}
