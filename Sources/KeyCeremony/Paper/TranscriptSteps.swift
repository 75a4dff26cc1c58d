import Foundation
import KeyEvidence

/// The steps of a plan, each with what the transcript says of it.
struct TranscriptSteps {
  private let transcript: AnnotatedTranscript
  private let words: PlanWords
  private let firstDay: String

  init(_ transcript: AnnotatedTranscript) {
    self.transcript = transcript
    words = PlanWords(transcript.plan)
    firstDay = transcript.lines.first.map { String(EvidenceTime.text($0.entry.time).prefix(10)) } ?? ""
  }

  var markup: String {
    let isResumed = transcript.lines.contains { $0.entry.kind == .resumed }
    var rows = [moment(.start, isResumed ? "Before the first step, and after each interruption" : "Before the first step")]
    rows += transcript.plan.steps.enumerated().map { row($0.element, number: $0.offset + 1) }
    rows += [moment(.resume, "After an interruption"), moment(.end, "At the end")]
    return PaperParts.section(
      "Steps", id: "steps",
      """
      <table class="steps done">
      <colgroup><col class="c1"><col class="c2"><col class="c3"><col class="c4"></colgroup>
      <thead><tr><th scope="col">No.</th><th scope="col">Who</th><th scope="col">What was to be done and seen</th>\
      <th scope="col">What happened</th></tr></thead>
      <tbody>
      \(rows.filter { !$0.isEmpty }.joined(separator: "\n"))
      </tbody>
      </table>
      """)
  }

  private func row(_ step: PlanStep, number: Int) -> String {
    let description = StepDescription(step, in: transcript.plan)
    let isGate = if case .gate = step.action { true } else { false }
    let title = isGate ? "<span class=\"mark strong\">Gate</span>" : "<span class=\"title\">\(HTMLText.escape(description.title))</span>"
    let entries = transcript.records[step.id]
    let log = entries.isEmpty ? "<p class=\"none\">It was not begun.</p>" : log(entries)
    let unfinished = entries.isEmpty || transcript.records.isDone(step.id) ? "" : "<p><strong>It did not come to its end.</strong></p>"
    return """
      <tr\(isGate ? " class=\"gate\"" : "")><th scope="row" class="number">\(number)</th>\
      <td data-name="Who">\(HTMLText.isolated(words.person(step.actor)))<span class="small">\(HTMLText.escape(step.id))</span></td>\
      <td>\(title)\(PaperParts.prose(description.action))<span class="small">\(PaperParts.prose(description.expected))</span></td>\
      <td>\(log)\(unfinished)</td></tr>
      """
  }

  private func moment(_ moment: TranscriptHistory.Moment, _ title: String) -> String {
    let entries = transcript.records[moment.rawValue]
    return entries.isEmpty
      ? ""
      : "<tr><th scope=\"row\" class=\"number\"></th><td></td><td><span class=\"title\">\(title)</span></td><td>\(log(entries))</td></tr>"
  }

  private func log(_ entries: [TranscriptEntry]) -> String {
    let items = entries.map { entry in
      let isBad = entry.kind == .stepFailed || entry.kind == .resumed
      return "<li\(isBad ? " class=\"bad\"" : "")><time>\(time(entry.time))</time>\(event(entry.body))</li>"
    }
    return "<ul class=\"log\">\(items.joined())</ul>"
  }

  /// The hour; with its day where that is not the first one.
  private func time(_ date: Date) -> String {
    let text = EvidenceTime.text(date)
    return (text.hasPrefix(firstDay) ? "" : text.prefix(10) + " ") + text.dropFirst(11).prefix(8)
  }
}

extension TranscriptSteps {
  /// What happened, in markup.
  private func event(_ body: TranscriptEntry.Body) -> String {
    switch body {
    case .stepBegun(let begun): begun.attempt == 1 ? "begun" : "begun again, attempt \(begun.attempt)"
    case .stepDone(let done): Self.done(done)
    case .stepFailed(let failed):
      "failed: \(PaperParts.prose(failed.message)) "
        + "(\(HTMLText.escape([failed.rule, failed.code].compactMap(\.self).joined(separator: ", "))))"
    case .asked(let asked):
      "\(HTMLText.isolated(words.person(asked.participant))) was asked: \(PaperParts.prose(asked.text)) "
        + (asked.answer.map { "<strong>\(PaperParts.prose($0))</strong>" } ?? "<em>a secret, not recorded</em>") + Self.by(asked.by)
    case .fileRead(let file): "read \(Self.file(file))"
    case .fileWritten(let file): "wrote \(Self.file(file))"
    case .acknowledged(let acknowledged):
      "\(HTMLText.isolated(words.person(acknowledged.participant))) acknowledged by \(Self.means(acknowledged.means))"
        + Self.by(acknowledged.by)
    case .pinShared(let shared): sharing(shared)
    case .serial(let serial):
      "token \(HTMLText.escape(serial.token)) has the serial number <strong>\(HTMLText.isolated(serial.serial))</strong>"
    case .noted(let noted): "noted: \(PaperParts.prose(noted.text))"
    case .resumed: "interrupted here; it went on"
    case .opened, .finished, .sealed: ""
    }
  }

  private static func done(_ done: TranscriptEntry.StepDone) -> String {
    let results = done.result.sorted { $0.key < $1.key }.map { "<br>\(HTMLText.escape($0.key)): \(markup($0.value))" }
    let calls = done.calls.sorted { $0.key < $1.key }.map { "\(HTMLText.escape($0.key))\($0.value == 1 ? "" : " ×\($0.value)")" }
    return "<strong>done</strong> in \(duration(done.milliseconds))\(results.joined())"
      + (calls.isEmpty ? "" : "<span class=\"small\">\(calls.joined(separator: ", "))</span>")
  }

  private static func duration(_ milliseconds: Int) -> String {
    milliseconds < 10_000 ? "\(milliseconds) ms" : "\(milliseconds / 1000) s"
  }

  private static func file(_ file: TranscriptEntry.FileRecord) -> String {
    "<strong>\(HTMLText.isolated(file.file))</strong> (\(HTMLText.escape(file.name))), \(file.size) octets, "
      + "SHA-256 \(HTMLText.digits(file.sha256))"
  }

  static func means(_ means: TranscriptEntry.Means) -> String {
    switch means {
    case .words: "words"
    case .pin: "PIN"
    case .key: "signature"
    }
  }

  static func by(_ answerer: TranscriptEntry.Answerer) -> String { answerer == .prepared ? " <em>(from a file)</em>" : "" }

  private func sharing(_ shared: TranscriptEntry.PINShared) -> String {
    let shares = shared.shares.sorted { $0.value.index < $1.value.index }.map {
      "<br>share \($0.value.index): \(HTMLText.isolated(words.person($0.key))), SHA-256 \(HTMLText.digits($0.value.sha256))"
    }
    return "PIN \(HTMLText.escape(shared.pin)) shared, \(shared.threshold) of \(shared.shares.count), set \(HTMLText.digits(shared.set))"
      + shares.joined()
  }

  /// A value of the transcript's, in markup.
  static func markup(_ value: JSONValue) -> String {
    switch value {
    case .null: "none"
    case .bool(let flag): flag ? "yes" : "no"
    case .integer(let number): "\(number)"
    case .string(let text): EvidenceText.isHexadecimal(text) && text.utf8.count >= 16 ? HTMLText.digits(text) : PaperParts.prose(text)
    case .array(let elements): elements.map(markup).joined(separator: ", ")
    case .object(let members):
      members.sorted { $0.key < $1.key }.map { "\(HTMLText.escape($0.key)) \(markup($0.value))" }.joined(separator: ", ")
    }
  }
}
