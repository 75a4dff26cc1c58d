import Foundation

extension ProofReport {
  /// The proof explained to a person.
  var text: String {
    ([head, keyBlock, policyBlock, probeBlock, tokenBlock, signerBlock, certificateBlock, limitBlock] as [String?])
      .compactMap(\.self).joined(separator: "\n\n")
  }

  private var width: Int? { Console.answerWidth }

  private func wrapped(_ line: String, hanging: Int) -> String {
    Console.wrapped(Console.forTerminal(line), to: width, hanging: String(repeating: " ", count: hanging)).joined(separator: "\n")
  }

  private func facts(_ rows: [(name: String, value: String)]) -> String { Console.facts(rows, wrappingAt: width) }

  private var head: String {
    facts([
      ("proof", "authentic: it is what the key signed, and nothing in it was changed"),
      ("verdict", policy.isMet ? "the policy \(policy.name) is met\(waiverNote)\(demandNote)" : "the policy \(policy.name) is NOT MET"),
      ("made", "\(madeAt.ISO8601Format()) by \(origin.tool) \(origin.toolVersion)"),
      ("challenge", challenge.map { "\($0)\(isChallengeCompared ? " (the one that was given)" : " (not compared)")" } ?? "none"),
      ("checked", checkedAt.ISO8601Format()),
    ])
  }

  private var demandNote: String { unmetDemands.isEmpty ? "" : "; what you DEMANDED is NOT" }

  private var waiverNote: String {
    switch policy.waivers.count {
    case 0: ""
    case 1: ", with one waiver"
    default: ", with \(policy.waivers.count) waivers"
    }
  }

  private var keyBlock: String {
    facts([
      ("key", "\(key.name) (\(key.algorithm)), \(key.isTheOneNamed ? "the one that was named" : "NOT COMPARED with the key that you use")"),
      ("id", key.id), ("public key SHA-256", key.publicKeySha256), ("in words", key.publicKeyWords), ("uri", key.uri),
    ])
  }

  private var policyBlock: String {
    let rows = rules.map { finding in
      let mark = finding.outcome == "met" ? "ok " : finding.outcome == "violated" ? "NO " : "-  "
      let grade =
        switch finding.grade {
        case "probed": "probed"
        case "token-asserted": "the token says"
        default: finding.grade
        }
      var text = wrapped(
        "  \(mark) \(finding.rule)  \(grade): \(finding.observed)\(finding.isKnown ? "" : " (a rule that is not known here)")", hanging: 6)
      if finding.isWaived, let waiver = policy.waivers.first(where: { $0.rule == finding.rule }) {
        text += "\n" + wrapped("      waived: \(waiver.reason)", hanging: 6)
      } else if finding.outcome == "violated", policy.tolerated.contains(finding.rule) {
        text += "\n      this policy does not object"
      }
      return text
    }
    let unmet = unmetDemands.map { wrapped("  NO  \($0.rule): \($0.message)", hanging: 6) }
    let lacking = policy.lacking.map { wrapped("  NO  \($0): the policy of this name demands it here", hanging: 6) }
    let verdict = "policy \(Console.forTerminal(policy.name)): \(policy.isMet ? "met" : "NOT MET")"
    return ([verdict] + unmet + lacking + rows).joined(separator: "\n")
  }

  private var probeBlock: String {
    guard !probes.isEmpty else { return "probes: none; nothing was tried" }
    let rows = probes.map { probe in
      let answer =
        switch probe.outcome {
        case "refused": "refused"
        case "succeeded": "DONE: it must not have been"
        case "not possible": "not possible: the token has no means for it"
        default: "no answer that says anything"
        }
      var lines = [
        wrapped("  \(probe.probe) (\(probe.rule)): \(answer)", hanging: 6),
        wrapped("      \(probe.calls.isEmpty ? "not tried" : "tried"): \(probe.action)", hanging: 6),
      ]
      lines += probe.calls.map { wrapped("      \($0)", hanging: 8) }
      if let detail = probe.detail { lines.append(wrapped("      \(detail)", hanging: 6)) }
      return lines.joined(separator: "\n")
    }
    return "what the token was asked to do, and must refuse\n" + rows.joined(separator: "\n")
  }

  private var tokenBlock: String {
    var rows = [
      ("token", "\(token.label), serial \(token.serial)"), ("model", "\(token.model) by \(token.manufacturer)"),
      ("versions", "hardware \(token.hardwareVersion), firmware \(token.firmwareVersion)"),
      (
        "kind",
        token.isSoftware
          ? "a token in SOFTWARE: nothing here is about hardware" : "not known to be software; that it is a device is its own word"
      ),
      ("library", "\(origin.library), version \(origin.libraryVersion), Cryptoki \(origin.cryptokiVersion)"),
      ("module", "\(origin.module), owner \(origin.moduleOwner), mode \(origin.moduleMode)"), ("module SHA-256", origin.moduleSha256),
      ("tool SHA-256", origin.toolSha256),
    ]
    rows += attestations.map { ("attestation", "\($0.type), \($0.bytes) bytes, SHA-256 \($0.sha256): attached, NOT CHECKED here") }
    return facts(rows)
  }

  private var signerBlock: String {
    let rows = signers.map { signer in
      let who =
        switch signer.who {
        case "named": "a key that was named with --auditor-key"
        case "not checked": "NOT CHECKED who this is"
        default: signer.who
        }
      return wrapped(
        signer.who == "the key itself"
          ? "  \(who), \(signer.algorithm)"
          : "  in the role of \(signer.role), \(signer.algorithm), SHA-256 \(signer.publicKeySha256): \(who)",
        hanging: 4)
    }
    let note = signers.contains { $0.who != "the key itself" } ? " (a role is the signer's word, and is not signed)" : ""
    return "signed by\(note)\n" + rows.joined(separator: "\n")
  }

  private var certificateBlock: String? {
    guard let leaf = certificates.first else { return nil }
    return facts([
      ("certificate", leaf.subject), ("issuer", leaf.issuer), ("serial", leaf.serial),
      ("valid", "\(leaf.notBefore.ISO8601Format()) to \(leaf.notAfter.ISO8601Format())"),
      ("chain", isChainChecked ? "verified at \(checkedAt.ISO8601Format())" : "NOT CHECKED"),
    ])
  }

  private var limitBlock: String {
    "what this proof does not show\n" + notShown.map { wrapped("  - \($0)", hanging: 4) }.joined(separator: "\n")
  }
}
