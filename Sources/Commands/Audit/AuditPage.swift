import Crypto
import Foundation
import KeyEvidence

/// An audit as one page for a browser and for paper: no scripts, nothing that is fetched from anywhere.
///
/// A policy in the page itself forbids everything but the one style whose digest it names, so that what a token's label might smuggle in
/// would do nothing. Each text from a token goes through ``HTMLText``.
struct AuditPage {
  let report: AuditReport

  init(_ report: AuditReport) { self.report = report }

  private var present: TokenInventory { report.present }

  /// The page.
  var text: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="referrer" content="no-referrer">
    <title>Audit of token \(HTMLText.escape(present.token.label)), \(day(present.madeAt))</title>
    <style>\(AuditPageStyle.css)</style>
    </head>
    <body>
    \(header)
    <main>
    \(result)
    \(findings)
    \(AuditPageTables(report).text)
    </main>
    \(footer)
    </body>
    </html>

    """
  }

  private static let policy: String = {
    let digest = Data(SHA256.hash(data: Array(AuditPageStyle.css.utf8))).base64EncodedString()
    return "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'"
  }()

  private func day(_ date: Date) -> String { String(date.ISO8601Format().prefix(10)) }

  private var header: String {
    let token = present.token
    var facts = [
      ("Serial number", HTMLText.isolated(token.serial)),
      ("Model", HTMLText.isolated("\(token.model), \(token.manufacturer)")),
      ("Versions", HTMLText.isolated("hardware \(token.hardwareVersion), firmware \(token.firmwareVersion)")),
      ("Read", "<time>\(present.madeAt.ISO8601Format())</time>, by \(HTMLText.escape(present.madeBy))"),
      ("Seen", report.scopeInWords),
      ("Key policy", HTMLText.isolated(present.policy)),
    ]
    if let known = report.known {
      facts.append(
        ("Held against", "an inventory of <time>\(known.inventory.madeAt.ISO8601Format())</time> (\(HTMLText.isolated(known.path)))"))
      for signer in known.signers {
        let who =
          signer.isAuditor == true
          ? "the auditor's key, as named" : signer.isAuditor == false ? "another key" : "a key that was not checked"
        facts.append(("Signed by", "\(who)<br>\(HTMLText.digits(signer.publicKeySHA256))"))
      }
    }
    let rows = facts.map { "<dt>\($0.0)</dt><dd>\($0.1)</dd>" }.joined(separator: "\n")
    return
      """
      <header>
      <p class="kicker">Token audit</p>
      <h1>\(HTMLText.isolated(token.label))</h1>
      <dl class="facts">
      \(rows)
      </dl>
      </header>
      """
  }

  private var result: String {
    let style = report.worst?.rawValue ?? "good"
    let counts = [
      (present.keys.count, "key"), (present.certificates.count, "certificate"), (present.others.count, "other object"),
    ].map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(separator: ", ")
    let notes = report.notes.map { "<li>\(HTMLText.escape($0.prefix(1).uppercased() + $0.dropFirst())).</li>" }.joined()
    let summary = report.summary.prefix(1).uppercased() + report.summary.dropFirst()
    return """
      <section class="result \(style)" aria-label="Result">
      <p>\(summary)</p>
      <p>On the token: \(counts).</p>
      \(notes.isEmpty ? "" : "<ul>\(notes)</ul>")
      </section>
      """
  }

  /// The findings, rule by rule, so that what many objects have in common is told once.
  private var findings: String {
    guard !report.findings.isEmpty else { return "" }
    var groups: [(rule: AuditRule, findings: [AuditFinding])] = []
    for finding in report.findings {
      if groups.last?.rule == finding.rule {
        groups[groups.count - 1].findings.append(finding)
      } else {
        groups.append((finding.rule, [finding]))
      }
    }
    let bodies = groups.map { group in
      """
      <tbody>
      <tr class="rule"><th colspan="2" scope="rowgroup"><span class="mark \(group.rule.severity)">\(group.rule.severity)</span> \
      <span class="name">\(group.rule)</span><span class="demand">Rule: \(HTMLText.escape(group.rule.demand))</span></th></tr>
      \(group.findings.map(row).joined(separator: "\n"))
      </tbody>
      """
    }
    return """
      <section aria-labelledby="findings">
      <h2 id="findings">Findings</h2>
      <div class="scroll" role="region" aria-labelledby="findings" tabindex="0"><table class="findings">
      <thead><tr><th scope="col">Object</th><th scope="col">What was found</th></tr></thead>
      \(bodies.joined(separator: "\n"))
      </table></div>
      </section>
      """
  }

  private func row(_ finding: AuditFinding) -> String {
    let subject = finding.subject
    let name = subject.name.isEmpty ? "<span class=\"none\">(no name)</span>" : HTMLText.isolated(subject.name)
    let id = subject.id.isEmpty ? "" : ", \(subject.kind == "token" ? "serial number" : "CKA_ID") \(HTMLText.digits(subject.id))"
    let what =
      finding.changes.isEmpty
      ? HTMLText.isolated(finding.message)
      : finding.changes.map { HTMLText.isolated($0.words) }.joined(separator: "<br>")
    return "<tr><th scope=\"row\">\(name)<span class=\"small\">\(subject.kind)\(id)</span></th><td>\(what)</td></tr>"
  }

  private var footer: String {
    let used =
      report.written.map { " Key \(HTMLText.isolated($0.key)) signed the inventory that was written; no other was used." }
      ?? " No key was used."
    return """
      <footer>
      <p>What is said of an object here is the token's own word, read back from it (<em>token-asserted</em>). Nothing was tried or changed \
      to find it out.\(used) That a key cannot leave although it says so is shown by the probes of <code>hsmkey key prove</code>.</p>
      <p>This page holds no scripts and fetches nothing. It is for reading; what a program should rely on is the signed inventory.</p>
      </footer>
      """
  }
}
