import PKCS11
import Secrets
import TestSupport
import TokenKeys

extension Bench {
  /// Attempts to get a private key out, and to use it for more than signing, which must fail whatever the attributes say; then what the
  /// library makes of it all.
  func checkProtection() async {
    let keys: TokenKeys
    do {
      keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:\(settings.pinFile)"))
    } catch {
      return await recorder.check("TokenKeys logs in to probe") { throw error }
    }
    for kind in [KeyKind.rsa2048, .ecdsaP256] {
      var examination: KeyExamination?
      await recorder.check("the \(kind.rawValue) key is examined") {
        let known = try key(kind)
        let examined = try await keys.examine(keys.key(identifier: KeyIdentifier(known.identifier)))
        examination = examined
        guard try await keys.examine(keys.key(identifier: KeyIdentifier(known.identifier))).probes == examined.probes else {
          throw Wrong("examined again, the key does something else")
        }
        return describe(examined.verdict)
      }
      for probe in KeyProbe.allCases {
        await recorder.check("probe \(probe), \(kind.rawValue)") {
          guard let result = examination?.probes.first(where: { $0.probe == probe }) else {
            throw Lacking.check("the \(kind.rawValue) key is examined")
          }
          let answers = Self.answers(result)
          if result.outcome == .succeeded { throw Finding(rule: probe.rule.rawValue, detail: "\(result.detail ?? ""); \(answers)") }
          return "\(result.outcome): \(answers.isEmpty ? result.detail ?? "" : answers)"
        }
      }
    }
    await checkBadKeys(keys)
    await recorder.check("TokenKeys closes after the probes") {
      try await keys.close()
      return nil
    }
  }

  /// What a verdict says, rule by rule where it is not the usual.
  func describe(_ verdict: KeyVerdict) -> String {
    let groups: [(String, (KeyVerdict.Finding) -> Bool)] = [
      ("met, probed", { $0.outcome == .met && $0.grade == .probed }),
      ("met, token-asserted", { $0.outcome == .met && $0.grade == .tokenAsserted }),
      ("not claimed", { $0.outcome == .notClaimed }),
      ("violated, probed", { $0.outcome == .violated && $0.grade == .probed }),
      ("violated, token-asserted", { $0.outcome == .violated && $0.grade == .tokenAsserted }),
    ]
    return groups.compactMap { name, isIn in
      let rules = verdict.findings.filter(isIn).map(\.rule.rawValue)
      return rules.isEmpty ? nil : "\(name): \(rules.joined(separator: ", "))"
    }.joined(separator: "; ")
  }

  /// The answers of the functions that a probe is about, each once.
  private static func answers(_ result: ProbeResult) -> String {
    var answers: [String] = []
    for call in result.calls where !["C_GenerateKey", "C_DestroyObject"].contains(call.function) {
      let answer = "\(call.mechanism.map { "\($0)" } ?? call.function): \(call.returned.name ?? "\(call.returned)")"
      if !answers.contains(answer) { answers.append(answer) }
    }
    return answers.joined(separator: ", ")
  }
}
