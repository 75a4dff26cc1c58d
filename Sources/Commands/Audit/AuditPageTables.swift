import Foundation
import KeyEvidence

/// The tables of the report: keys, certificates, other objects.
struct AuditPageTables {
  private let present: TokenInventory
  private let ends: [String: Date]

  init(_ report: AuditReport) {
    present = report.present
    ends = report.certificateEnds
  }

  var text: String { [keys, certificates, others].filter { !$0.isEmpty }.joined(separator: "\n") }

  // MARK: Keys

  private var keys: String {
    let rows = present.keys.map { key -> String in
      let verdict = key.verdictInWords
      let verdictClass = verdict == "NOT MET" ? "bad" : verdict == "met" ? "" : "none"
      let names = identity([("CKA_ID", key.id), ("public key, SHA-256", key.publicKeySHA256 ?? "")])
      let objections = key.privateHalf?.verdict?.objections ?? []
      let why = objections.isEmpty ? "" : "<br>objections of the policy: \(HTMLText.escape(objections.joined(separator: ", ")))"
      let end = key.publicKeySHA256.flatMap { ends[$0] }.map { day($0) } ?? "<span class=\"none\">none</span>"
      return """
        <tbody class="object">
        <tr><th scope="row">\(name(key.label))</th><td class="short">\(HTMLText.escape(key.algorithm))</td><td>\(privateWords(key))</td>\
        <td><span class="\(verdictClass)">\(verdict.lowercased())</span></td><td class="short">\(end)</td></tr>
        <tr class="more"><td colspan="5">\(names)\(why)</td></tr>
        </tbody>
        """
    }
    return table(
      "Keys", ["Name", "Kind", "What the private half says of itself", "Key policy", "Certified until"], rows, none: "There are no keys.")
  }

  /// What the private half says, the bad in words of its own and in bold.
  private func privateWords(_ key: InventoryKey) -> String {
    guard let half = key.privateHalf else {
      return present.scope == .all ? "<span class=\"bad\">no private half</span>" : "<span class=\"none\">not seen</span>"
    }
    let claims = half.attributes
    func word(_ attribute: InventoryAttribute, isGood: Bool, _ yes: String, _ no: String) -> String {
      guard let value = claims[truth: attribute] else { return "<span class=\"none\">\(attribute) not told</span>" }
      let text = value ? yes : no
      return value == isGood ? text : "<span class=\"bad\">\(text)</span>"
    }
    var words = [
      word(.sensitive, isGood: true, "sensitive", "not sensitive"), word(.extractable, isGood: false, "extractable", "not extractable"),
      word(.local, isGood: true, "made on the token", "brought in"),
    ]
    let uses: [(InventoryAttribute, String)] = [
      (.sign, "signs"), (.decrypt, "decrypts"), (.unwrap, "unwraps"), (.derive, "derives"), (.signRecover, "signs with recovery"),
    ]
    words += uses.filter { claims[truth: $0.0] == true }.map { $0.0 == .sign ? $0.1 : "<span class=\"bad\">\($0.1)</span>" }
    if key.publicHalf == nil { words.append("<span class=\"bad\">no public half</span>") }
    return words.joined(separator: ", ")
  }

  // MARK: Certificates and others

  private var certificates: String {
    guard !present.certificates.isEmpty else { return "" }
    let rows = present.certificates.map { certificate -> String in
      let contents = certificate.contents
      let subject = contents.map { HTMLText.isolated($0.subject) } ?? "<span class=\"bad\">cannot be read</span>"
      let issuer = contents.map { "<span class=\"small\">issued by \(HTMLText.isolated($0.issuer))</span>" } ?? ""
      let algorithm =
        contents.map { "\(HTMLText.escape($0.keyAlgorithm))<span class=\"small\">\(HTMLText.escape($0.signatureAlgorithm))</span>" } ?? ""
      let days = contents.map { "\(day($0.notBefore)) to<br>\(day($0.notAfter))" } ?? ""
      let facts = [
        ("serial", contents?.serial ?? ""), ("CKA_ID", certificate.id), ("certificate, SHA-256", certificate.sha256),
        ("public key, SHA-256", contents?.publicKeySHA256 ?? ""),
      ]
      return """
        <tbody class="object">
        <tr><th scope="row">\(name(certificate.label))</th><td>\(subject)\(issuer)</td><td>\(algorithm)</td>\
        <td class="short">\(days)</td></tr>
        <tr class="more"><td colspan="4">\(identity(facts))</td></tr>
        </tbody>
        """
    }
    return table("Certificates", ["Name", "Subject", "Key and signature", "Valid"], rows, none: "")
  }

  private var others: String {
    guard !present.others.isEmpty else { return "" }
    let rows = present.others.map { object -> String in
      let claims = object.attributes.told.filter { $0 != .token }.map { attribute in
        "\(HTMLText.escape(attribute.rawValue)): \(HTMLText.isolated(object.attributes[words: attribute] ?? ""))"
      }
      return """
        <tbody class="object"><tr><th scope="row">\(name(object.label))</th><td class="short">\(HTMLText.escape(object.objectClass))</td>\
        <td>\(claims.joined(separator: ", "))</td></tr></tbody>
        """
    }
    return table("Other objects", ["Name", "Class", "What it says of itself"], rows, none: "")
  }

  // MARK: Parts

  private func table(_ title: String, _ columns: [String], _ rows: [String], none: String) -> String {
    let id = title.lowercased().replacing(" ", with: "-")
    let heads = columns.map { "<th scope=\"col\">\($0)</th>" }.joined()
    let body =
      rows.isEmpty
      ? "<p>\(none)</p>"
      : """
      <div class="scroll" role="region" aria-labelledby="\(id)" tabindex="0"><table>
      <thead><tr>\(heads)</tr></thead>
      \(rows.joined(separator: "\n"))
      </table></div>
      """
    return "<section aria-labelledby=\"\(id)\">\n<h2 id=\"\(id)\">\(title)</h2>\n\(body)\n</section>"
  }

  private func name(_ label: String) -> String { label.isEmpty ? "<span class=\"none\">(no name)</span>" : HTMLText.isolated(label) }

  private func day(_ date: Date) -> String { String(date.ISO8601Format().prefix(10)) }

  private func identity(_ facts: [(String, String)]) -> String {
    facts.filter { !$0.1.isEmpty }.map { "\($0.0) \(HTMLText.digits($0.1))" }.joined(separator: "<br>")
  }
}
