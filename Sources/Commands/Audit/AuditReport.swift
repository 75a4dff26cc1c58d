import Foundation
import KeyEvidence

/// What an audit found: the one value that text, JSON and report are made of.
struct AuditReport: Answer {
  /// An inventory that was written.
  struct Written: Sendable {
    let file: String
    let key: String
    let publicKeySHA256: String
  }

  let present: TokenInventory
  let known: InventoryFile?
  /// What was compared with the known inventory.
  let compared: TokenInventory.Scope?
  /// The worst first.
  let findings: [AuditFinding]
  /// What must be known to read the findings.
  let notes: [String]
  let failOn: AuditSeverity
  var written: Written?
  var html: String?

  init(_ present: TokenInventory, against known: InventoryFile?, failOn: AuditSeverity, notes: [String]) throws {
    let comparison = try known.map { try InventoryComparison(present, against: $0.inventory) }
    self.present = present
    self.known = known
    compared = comparison?.scope
    self.failOn = failOn
    findings = InventoryReview(present, at: present.madeAt).findings(and: comparison)
    var notes = notes
    if comparison?.scope == .publicObjects {
      notes.append(
        present.scope == .publicObjects
          ? "only public parts were compared with the inventory: without a login no more is seen"
          : "only public parts were compared with the inventory: it was made without a login")
    }
    if let known, !known.isSignerChecked {
      notes.append("who signed the inventory was not checked: name the auditor's public key with --auditor-key")
    }
    self.notes = notes
  }

  /// The heaviest weight of a finding.
  var worst: AuditSeverity? { findings.map(\.severity).max() }

  /// How many findings have a weight.
  func count(_ severity: AuditSeverity) -> Int { findings.count { $0.severity == severity } }

  /// `2 violations, 1 warning, 3 notices`
  var summary: String {
    let counts = AuditSeverity.allCases.reversed().compactMap { severity -> String? in
      let count = count(severity)
      return count == 0 ? nil : "\(count) \(severity)\(count == 1 ? "" : "s")"
    }
    return counts.isEmpty ? "nothing found" : counts.joined(separator: ", ")
  }

  var exitStatus: ExitStatus { (worst.map { $0 >= failOn } ?? false) ? .ruleRefused : .done }
  var text: String { AuditText(self, width: Console.answerWidth).text }

  /// The end of validity of the certificate for a key that lasts longest.
  var certificateEnds: [String: Date] {
    present.certificates.reduce(into: [:]) { ends, certificate in
      guard let contents = certificate.contents else { return }
      ends[contents.publicKeySHA256] = max(ends[contents.publicKeySHA256] ?? .distantPast, contents.notAfter)
    }
  }
}

extension AuditReport {
  func encode(to encoder: any Encoder) throws { try EncodableJSON(value: value).encode(to: encoder) }

  private var value: JSONValue {
    guard case .object(var members) = present.content else { return .null }
    members["is-passive"] = true
    members["notes"] = .array(notes.map { .string($0) })
    members["inventory"] = known?.value(compared: compared) ?? .null
    members["findings"] = .array(findings.map(\.value))
    members["counts"] = .object(
      Dictionary(uniqueKeysWithValues: AuditSeverity.allCases.map { ($0.rawValue, .integer(count($0))) }))
    members["worst"] = worst.map { .string($0.rawValue) } ?? .null
    members["fail-on"] = .string(failOn.rawValue)
    members["exit-code"] = .integer(Int(exitStatus.rawValue))
    members["written"] =
      written.map {
        ["file": .string($0.file), "key": .string($0.key), "public-key-sha256": .string($0.publicKeySHA256)]
      } ?? .null
    members["html"] = html.map { .string($0) } ?? .null
    return .object(members)
  }
}

extension InventoryFile {
  fileprivate func value(compared: TokenInventory.Scope?) -> JSONValue {
    [
      "file": .string(path), "made-at": .string(inventory.madeAt.ISO8601Format()), "made-by": .string(inventory.madeBy),
      "scope": .string(inventory.scope.rawValue), "compared": .string(compared?.rawValue ?? ""),
      "is-signer-checked": .bool(isSignerChecked),
      "signers": .array(
        signers.map { signer in
          [
            "role": .string(signer.role), "public-key-sha256": .string(signer.publicKeySHA256),
            "is-auditor": signer.isAuditor.map { .bool($0) } ?? .null,
          ]
        }),
    ]
  }
}

extension AuditFinding {
  fileprivate var value: JSONValue {
    [
      "rule": .string(rule.rawValue), "severity": .string(severity.rawValue), "kind": .string(subject.kind),
      "name": .string(subject.name), "id": .string(subject.id), "sha256": subject.sha256.map { .string($0) } ?? .null,
      "message": .string(message),
      "changes": .array(
        changes.map { change in
          [
            "what": .string(change.what), "expected": change.expected.map { .string($0) } ?? .null,
            "found": change.found.map { .string($0) } ?? .null,
          ]
        }),
    ]
  }
}

/// A JSON value of evidence where the command line encodes an answer.
private struct EncodableJSON: Encodable {
  let value: JSONValue

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch value {
    case .null: try container.encodeNil()
    case .bool(let flag): try container.encode(flag)
    case .integer(let number): try container.encode(number)
    case .string(let text): try container.encode(text)
    case .array(let elements): try container.encode(elements.map(EncodableJSON.init))
    case .object(let members): try container.encode(members.mapValues(EncodableJSON.init))
    }
  }
}
