import Foundation
import KeyEvidence

/// An audit for people on a terminal: what the token is, its keys and certificates at a glance, then the findings.
struct AuditText {
  private let report: AuditReport
  private let width: Int?

  /// - Parameter width: where lines are broken; nil to leave each line whole, for programs that look for something in it.
  init(_ report: AuditReport, width: Int?) {
    self.report = report
    self.width = width
  }

  var text: String {
    let blocks = [head, keys, certificates, others, findings, end]
    return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  // MARK: What was looked at

  private var head: [String] {
    let token = report.present.token
    var facts = [
      ("token", "\(token.label), serial \(token.serial)"),
      ("made by", "\(token.manufacturer), \(token.model), firmware \(token.firmwareVersion)"),
      ("read", "\(report.present.madeAt.ISO8601Format()), \(report.scopeInWords)"),
    ]
    if let known = report.known {
      facts.append(("against", "\(known.path), made \(known.inventory.madeAt.ISO8601Format())"))
      let signers = known.signers.map { "\($0.publicKeySHA256.prefix(16))… (\($0.isAuditor == true ? "the auditor's" : $0.role))" }
      facts.append(("signed by", signers.joined(separator: ", ")))
    }
    facts.append(("policy", "\(report.present.policy), by the token's own word; nothing was tried"))
    return [Console.facts(facts, wrappingAt: width)] + report.notes.flatMap { line("note: \($0)", "      ") }
  }

  // MARK: What is there

  private var keys: [String] {
    let keys = report.present.keys
    guard !keys.isEmpty else { return ["no keys"] }
    let ends = report.certificateEnds
    let marks = worstByKey
    var table = TextTable(["key", "kind", "halves", "policy", "certified until", ""])
    for key in keys {
      let end = key.publicKeySHA256.flatMap { ends[$0] }.map { String($0.ISO8601Format().prefix(10)) } ?? "-"
      table.add([
        key.label.isEmpty ? "(no name)" : key.label, key.algorithm, key.halvesInWords, key.verdictInWords, end,
        marks[AuditSubject.Name(key)].map { $0.rawValue.uppercased() } ?? "",
      ])
    }
    return ["\(keys.count) key\(keys.count == 1 ? "" : "s")"] + table.lines(width: width, leavingOut: [4, 2, 1])
  }

  /// The worst finding on each key.
  private var worstByKey: [AuditSubject.Name: AuditSeverity] {
    report.findings.filter { $0.subject.kind == "key" && $0.severity > .notice }.reduce(into: [:]) { worst, finding in
      let name = AuditSubject.Name(finding.subject)
      worst[name] = max(worst[name] ?? .notice, finding.severity)
    }
  }

  private var certificates: [String] {
    let certificates = report.present.certificates
    guard !certificates.isEmpty else { return [] }
    var table = TextTable(["certificate", "subject", "until"])
    for certificate in certificates {
      let until = certificate.contents.map { String($0.notAfter.ISO8601Format().prefix(10)) } ?? "cannot be read"
      table.add([certificate.label.isEmpty ? "(no name)" : certificate.label, certificate.contents?.subject ?? "-", until])
    }
    return ["\(certificates.count) certificate\(certificates.count == 1 ? "" : "s")"] + table.lines(width: width, leavingOut: [1])
  }

  private var others: [String] {
    let others = report.present.others
    guard !others.isEmpty else { return [] }
    var table = TextTable(["object", "class"])
    for object in others { table.add([object.label.isEmpty ? "(no name)" : object.label, object.objectClass]) }
    return ["\(others.count) other object\(others.count == 1 ? "" : "s")"] + table.lines(width: width, leavingOut: [])
  }

  // MARK: What was found

  private var findings: [String] {
    report.findings.flatMap { finding -> [String] in
      let subject = finding.subject
      let name = TextTable.fitting(Console.forTerminal(subject.name.isEmpty ? "(no name)" : subject.name), 60)
      let what =
        subject.kind == "token" ? "token \(name)" : "\(subject.kind) \(name)" + (subject.id.isEmpty ? "" : " (CKA_ID \(subject.id))")
      let mark = finding.severity.rawValue.uppercased()
      return line("\(mark)\(String(repeating: " ", count: 10 - mark.count))\(finding.rule) \(what): \(finding.message)", "          ")
    }
  }

  private var end: [String] {
    var lines: [String] = []
    if let written = report.written { lines += line("written: \(written.file), signed by key \(written.key)", "  ") }
    if let html = report.html { lines += line("report: \(html)", "  ") }
    let code = report.exitStatus == .done ? "" : " (exit code \(report.exitStatus.rawValue))"
    return lines + line("\(report.summary)\(code)", "  ")
  }

  private func line(_ text: String, _ indent: String) -> [String] { Console.wrapped(Console.forTerminal(text), to: width, hanging: indent) }
}

extension AuditReport {
  /// What was seen, in words.
  var scopeInWords: String { present.scope == .all ? "public and private objects" : "public objects only" }
}

extension InventoryKey {
  /// Which halves are there.
  var halvesInWords: String { privateHalf == nil ? "public" : publicHalf == nil ? "private" : "both" }

  /// Whether the private half meets the policy.
  var verdictInWords: String {
    guard let privateHalf else { return "-" }
    return privateHalf.verdict.map { $0.isMet ? "met" : "NOT MET" } ?? "not judged"
  }
}

extension AuditSubject {
  /// What tells the object of a finding from others.
  struct Name: Hashable {
    private let parts: [String?]
    init(_ subject: AuditSubject) { parts = [subject.name, subject.id, subject.sha256] }
    init(_ key: InventoryKey) { parts = [key.label, key.id, key.publicKeySHA256] }
  }
}
