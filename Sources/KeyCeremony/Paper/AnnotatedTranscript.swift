import Foundation
import KeyEvidence

/// The transcript of a ceremony for paper: the script's rows with what happened. A page of its own, in HTML.
///
/// It shows what the transcript says. Whether that is to be believed is what `hsmkey ceremony verify` tells.
public struct AnnotatedTranscript: Sendable {
  let plan: CeremonyPlan
  let lines: [TranscriptLine]
  let opened: TranscriptEntry.Opened
  let records: StepRecords
  private let differences: [TranscriptComparison.Difference]?

  /// The transcript of a plan.
  ///
  /// - Parameter rehearsal: its rehearsal's transcript, if the page is to tell where the two differ.
  /// - Throws: `CEREMONY-PLAN-CHANGED` when the transcript is another plan's, `CEREMONY-TRANSCRIPT-WHOLE` when there is no line in it.
  public init(_ plan: CeremonyPlan, _ transcript: TranscriptReader, rehearsal: TranscriptReader? = nil) throws(CeremonyError) {
    guard let first = transcript.lines.first, case .opened(let opened) = first.entry.body else {
      throw CeremonyError(
        .transcriptWhole, operation: Self.operation, message: "the transcript has no beginning",
        hint: "It was cut off, or never written: `hsmkey ceremony verify` tells more.")
    }
    let digest = EvidenceText.hexadecimal(plan.sha256)
    guard opened.planSHA256 == digest else {
      throw CeremonyError(
        .planChanged, operation: Self.operation,
        message:
          "the transcript's plan has a SHA-256 that begins with \(opened.planSHA256.prefix(16)), and this one's with \(digest.prefix(16))",
        hint: "Take the plan as it was performed; the transcript holds its text.")
    }
    self.plan = plan
    self.opened = opened
    lines = transcript.lines
    records = StepRecords(transcript.lines)
    differences =
      if let rehearsal {
        TranscriptComparison(
          rehearsal: try TranscriptHistory(rehearsal.lines), performance: try TranscriptHistory(transcript.lines)
        ).differences
      } else { nil }
  }

  private static let operation = "print the transcript"

  /// The page. It holds no secret, no script, and fetches nothing.
  public func html() throws(CeremonyError) -> String {
    let mode = opened.mode == .rehearsal ? "Rehearsal" : "Performance"
    return PaperPage(title: "\(mode): \(plan.title)", foot: "\(mode) of \(plan.name), run \(opened.run.prefix(16))").text(
      """
      <header>
      <p class="kicker">Transcript of a key ceremony</p>
      <h1>\(HTMLText.isolated(plan.title))</h1>
      \(plan.purpose.map { "<p class=\"purpose\">\(PaperParts.prose($0))</p>" } ?? "")
      \(PaperParts.facts(facts))
      </header>
      <main>
      \(outcome)
      \(try digests())
      \(TranscriptSteps(self).markup)
      \(TranscriptPeople(self).markup)
      \(TranscriptDigests(self).markup)
      \(signatures)
      </main>
      """)
  }

  private var facts: [(name: String, value: String)] {
    var facts = [
      ("Plan", HTMLText.isolated(plan.name)),
      ("Run", "\(opened.mode == .rehearsal ? "rehearsal" : "performance") \(HTMLText.digits(opened.run))"),
      ("From, to (UTC)", "\(Self.moment(lines.first)) to \(Self.moment(lines.last))"),
      ("Tool", "hsmkey \(HTMLText.isolated(opened.tool.version)), SHA-256 \(HTMLText.digits(opened.tool.sha256))"),
    ]
    if let approval = opened.approval {
      facts.append(("Rehearsed by", "run \(HTMLText.digits(approval.run)), last line \(HTMLText.digits(approval.sealSHA256))"))
    }
    guard let site = opened.site else { return facts }
    facts.append(("Site file", "SHA-256 \(HTMLText.digits(site.sha256))"))
    for (name, token) in site.tokens.sorted(by: { $0.key < $1.key }) {
      let serial = token.serial.map { "serial number \(HTMLText.isolated($0))" } ?? "blank at the beginning"
      facts.append(("Token \(name)", "\(serial); module \(HTMLText.digits(token.moduleSHA256))"))
    }
    return facts
  }

  private static func moment(_ line: TranscriptLine?) -> String {
    line.map { "<time>\(EvidenceTime.text($0.entry.time).replacing("T", with: " ").dropLast())</time>" } ?? ""
  }

  /// How it ended, and what a reader must not miss.
  private var outcome: String {
    let done = plan.steps.filter { records.isDone($0.id) }.count
    let isSealed = lines.last?.entry.kind == .sealed
    let mode = opened.mode == .rehearsal ? "On throw-away tokens. " : ""
    let end =
      isSealed
      ? "It came to its end: all \(plan.steps.count) steps are done, and the transcript is sealed."
      : "It has not come to its end: \(done) of \(plan.steps.count) steps are done, and the transcript is not sealed."
    let notable = (records.notable + compared).map { "<li>\($0)</li>" }
    return """
      <section class="result" aria-label="Outcome">
      <p><span class="mark strong">\(opened.mode.rawValue)</span> <strong>\(mode)\(end)</strong></p>
      \(records.notable.isEmpty ? "<p>No interruption, no failed attempt.</p>" : "")\(notable.isEmpty ? "" : "<ul>\(notable.joined())</ul>")
      </section>
      """
  }

  private var compared: [String] {
    guard let differences else { return [] }
    guard !differences.isEmpty else { return ["Apart from keys, times and serial numbers it is what was rehearsed."] }
    return differences.map { difference in
      func shown(_ value: JSONValue?) -> String { value.map(TranscriptSteps.markup) ?? "nothing" }
      return "<strong>Not as rehearsed</strong>, step \(HTMLText.escape(difference.step)), \(HTMLText.isolated(difference.pointer)): "
        + "\(shown(difference.rehearsed)) was rehearsed, \(shown(difference.performed)) was made."
    }
  }

  private func digests() throws(CeremonyError) -> String {
    let plan = PaperParts.section(
      "Digest of the plan", id: "digest",
      try PaperParts.digest(plan.sha256, code: CeremonyScript.code(plan), title: "The plan's SHA-256"), style: "whole")
    guard let last = lines.last, let sha256 = [UInt8](hexadecimal: last.sha256) else { return plan }
    return plan + "\n"
      + PaperParts.section(
        "Digest of the transcript's last line", id: "head",
        "<p class=\"lead\">Line \(lines.count), \(last.entry.kind.rawValue). "
          + "Whoever keeps it can tell later whether a line was changed or left out. "
          + "This page shows what the transcript says; whether that is whole, unchanged and signed by those who should have, "
          + "<code>hsmkey ceremony verify</code> tells.</p>\n"
          + (try PaperParts.digest(
            sha256, code: "\(TranscriptEntry.Opened.format) lines \(lines.count) sha256 \(last.sha256)", title: "Last line's SHA-256")),
        style: "whole")
  }

  private var signatures: String {
    let rows = plan.participants.map { [HTMLText.isolated($0.name), "", "<div class=\"signature\"></div>"] }
    return PaperParts.section(
      "Signatures on paper", id: "signatures",
      "<p class=\"lead\">I was there, and this is what happened.</p>\n"
        + PaperParts.table("people", ["Name", "Date and place", "Signature"], rows), style: "whole")
  }
}
