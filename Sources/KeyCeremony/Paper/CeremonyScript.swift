import KeyEvidence

/// The script of a ceremony for paper: what everybody holds in hand, reads along and signs. A page of its own, in HTML.
///
/// It says what the plan says and nothing else; its words are those that the terminal uses (``StepDescription``).
public struct CeremonyScript: Sendable {
  private let plan: CeremonyPlan

  /// The script of a plan.
  public init(_ plan: CeremonyPlan) { self.plan = plan }

  /// The page. It holds no secret, no script, and fetches nothing.
  public func html() throws(CeremonyError) -> String {
    let digest = EvidenceText.hexadecimal(plan.sha256)
    return PaperPage(title: "Script: \(plan.title)", foot: "Script of \(plan.name), plan \(digest.prefix(16))").text(
      """
      <header>
      <p class="kicker">Script of a key ceremony</p>
      <h1>\(HTMLText.isolated(plan.title))</h1>
      \(plan.purpose.map { "<p class=\"purpose\">\(PaperParts.prose($0))</p>" } ?? "")
      \(PaperParts.facts([("Plan", HTMLText.isolated(plan.name)), ("Date and place", Self.blank), ("Machine", Self.blank)]))
      </header>
      <main>
      \(try digestSection())
      \(participants)
      \(PlanTables(plan).markup)
      \(ScriptSteps(plan).markup)
      \(ending)
      </main>
      """)
  }

  static let blank = "<span class=\"blank\"></span>"

  /// What the QR code of a plan's digest holds.
  static func code(_ plan: CeremonyPlan) -> String { "\(CeremonyPlan.format) sha256 \(EvidenceText.hexadecimal(plan.sha256))" }

  private func digestSection() throws(CeremonyError) -> String {
    PaperParts.section(
      "Digest of the plan", id: "digest",
      "<p class=\"lead\">SHA-256 of the plan's file. At each gate the machine shows it, and asks for some of these words by their numbers. "
        + "If one word differs, this is not the script of what the machine does: stop.</p>\n"
        + (try PaperParts.digest(plan.sha256, code: Self.code(plan), title: "The plan's SHA-256")),
      style: "whole")
  }

  private var participants: String {
    let rows = plan.participants.map { participant in
      [
        "\(HTMLText.isolated(participant.name))<span class=\"small\">\(HTMLText.escape(participant.id))</span>",
        HTMLText.escape(participant.role.rawValue), PlanTables.acknowledgement(participant.acknowledgement),
        "<div class=\"signature\"></div>",
      ]
    }
    return PaperParts.section(
      "Participants", id: "participants",
      "<p class=\"lead\">Each signs before the first step: I am here, and I have read this script.</p>\n"
        + PaperParts.table("people", ["Name", "Role", "Acknowledges by", "Signature and initials"], rows), style: "whole")
  }

  private var ending: String {
    let rows = plan.participants.map { [HTMLText.isolated($0.name), "", "<div class=\"signature\"></div>"] }
    return PaperParts.section(
      "At the end", id: "end",
      """
      <p class="lead">What was not as it is written here, with the number of the step:</p>
      <div class="lines"><i></i><i></i><i></i><i></i></div>
      <p class="lead">First four words of the digest that the machine shows at the end:</p>
      <div class="four">\(Self.blank)\(Self.blank)\(Self.blank)\(Self.blank)</div>
      <p class="lead">But for this, everything was done as it is written here.</p>
      \(PaperParts.table("people", ["Name", "Date and time", "Signature"], rows))
      """, style: "whole")
  }
}
