import KeyEvidence
import PKCS11

// What is known of a key, a token and a module, in the words of a proof.

extension KeyProof.Policy {
  init(_ verdict: KeyVerdict, _ policy: KeyPolicy) {
    let tolerated = verdict.findings.filter { finding in
      finding.outcome == .violated && finding.waiver == nil && !verdict.objections.contains(finding)
    }
    self.init(
      name: verdict.policy, isMet: verdict.isMet,
      // A rule that this kind of policy does not tell of is not demanded by it either.
      mustBeClaimed: policy.mustBeClaimed.map(\.rawValue).sorted(), tolerated: tolerated.map(\.rule.rawValue).sorted(),
      waivers: verdict.waivers.map { .init(rule: $0.rule.rawValue, reason: $0.reason) })
  }
}

extension KeyProof.RuleFinding {
  init(_ finding: KeyVerdict.Finding) {
    self.init(
      rule: finding.rule.rawValue, outcome: finding.outcome.rawValue, grade: finding.grade.rawValue, observed: finding.observed,
      isWaived: finding.waiver != nil)
  }
}

extension KeyProof.Probe {
  init(_ result: ProbeResult) {
    self.init(
      probe: result.probe.rawValue, rule: result.probe.rule.rawValue, action: result.probe.action, outcome: result.outcome.rawValue,
      calls: result.calls.map {
        .init(
          function: $0.function, mechanism: $0.mechanism?.description,
          returned: $0.returned.name ?? "0x" + String($0.returned.rawValue, radix: 16, uppercase: true))
      },
      detail: result.detail)
  }
}

extension KeyProof.Token {
  init(_ token: Token) {
    self.init(
      label: token.label, manufacturer: token.manufacturer, model: token.model, serial: token.serialNumber,
      hardwareVersion: token.hardwareVersion.description, firmwareVersion: token.firmwareVersion.description,
      isSoftware: token.isKnownToBeSoftware, flags: token.flags.description.split(separator: " ").map(String.init))
  }
}

extension KeyProof.Library {
  init(_ information: ModuleInformation) {
    self.init(
      description: information.libraryDescription, manufacturer: information.manufacturer, version: information.libraryVersion.description,
      cryptokiVersion: information.cryptokiVersion.description)
  }
}

extension KeyProof.ModuleFile {
  init(_ file: ModuleFile) {
    self.init(
      path: file.path, realPath: file.realPath, sha256: file.sha256.hexadecimal, size: file.size, owner: Int(file.owner),
      group: Int(file.group), mode: file.modeText)
  }
}

extension KeyProof.Mechanism {
  /// What a token offers, by name.
  static func all(_ mechanisms: [MechanismType: MechanismInformation]) -> [KeyProof.Mechanism] {
    mechanisms.map { type, information in
      .init(
        name: type.description, minimum: UInt(clamping: information.minimumKeySize), maximum: UInt(clamping: information.maximumKeySize),
        uses: information.flags.useNames)
    }.sorted { $0.name < $1.name }
  }
}

extension MechanismFlags {
  /// What a mechanism can be used for, in words: `sign`, `wrap`.
  fileprivate var useNames: [String] {
    let names: [(MechanismFlags, String)] = [
      (.encrypt, "encrypt"), (.decrypt, "decrypt"), (.digest, "digest"), (.sign, "sign"), (.signRecover, "sign-recover"),
      (.verify, "verify"), (.generate, "generate"), (.generateKeyPair, "generate-key-pair"), (.wrap, "wrap"), (.unwrap, "unwrap"),
      (.derive, "derive"),
    ]
    return names.filter { contains($0.0) }.map(\.1)
  }
}
