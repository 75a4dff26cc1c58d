import KeyEvidence

/// Finds out what was probably done to a transcript whose chain is broken.
///
/// Only that it is broken is certain. The rest is a guess for people, made of what the other lines say.
struct TranscriptChain {
  private let digests: [String]
  private let entries: [TranscriptEntry?]

  /// - Parameter lines: the digest of each line, and its entry where it can be read.
  init(_ lines: [(sha256: String, entry: TranscriptEntry?)]) {
    digests = lines.map(\.sha256)
    entries = lines.map(\.entry)
  }

  /// The refusal of a line that does not follow the one before it, the first of those.
  func refusal(at index: Int) -> CeremonyError {
    let (message, hint) = finding(at: index)
    return CeremonyError(
      .transcriptChain, operation: TranscriptEntry.operation, message: "line \(index + 1): \(message)",
      hint: hint ?? "this transcript is not to be trusted; take the one that the ceremony wrote")
  }

  private func finding(at index: Int) -> (message: String, hint: String?) {
    guard let entry = entries[index] else { return ("it does not follow the line before it", nil) }
    if follows(index) { return ("the entry calls itself number \(entry.number), and it is number \(index): the number was edited", nil) }
    if let splice { return (splice, "lay the two transcripts side by side: each must verify by itself") }
    guard let before = place(of: entry.previous) else { return withoutPredecessor(entry, index) }
    if digests[..<index].contains(digests[index]) { return ("this line stands in it twice", nil) }
    if before >= index {
      return ("the lines are not in their order: this one follows line \(before + 1), which stands behind it", nil)
    }
    if entry.number == index { return ("it names line \(before + 1) as the one before it: its member previous was edited", nil) }
    let between = "line\(before + 2 == index ? " \(index)" : "s \(before + 2) to \(index)")"
    let isMoved = entries[(before + 1)..<index].contains { $0.map { $0.number > entry.number } ?? false }
    return (
      isMoved
        ? "the lines are not in their order: this one follows line \(before + 1), and \(between) belongs further down"
        : "it follows line \(before + 1): \(between) was put in between", nil
    )
  }

  /// Nothing in the file is what stood before this line.
  private func withoutPredecessor(_ entry: TranscriptEntry, _ index: Int) -> (message: String, hint: String?) {
    if entry.number > index {
      if entries.contains(where: { $0?.number == index }) {
        return ("the lines are not in their order: this is entry \(entry.number), and entry \(index) stands elsewhere", nil)
      }
      let missing = entry.number == index + 1 ? "entry \(index) was" : "entries \(index) to \(entry.number - 1) were"
      return ("this is entry \(entry.number): \(missing) left out", nil)
    }
    if entry.number < index { return ("this is entry \(entry.number), and does not follow the line before it: it was put in", nil) }
    guard index > 0 else { return ("it is the first line, and names one before it: its member previous was edited", nil) }
    if let next = nextBreak(after: index) {
      return next == index + 1
        ? ("it does not follow line \(index), nor does line \(index + 2) follow it: it was edited, or line \(index) was", nil)
        : (
          "lines \(index + 1) to \(next) follow each other and neither line \(index) nor line \(next + 1): spliced in from another run",
          nil
        )
    }
    return (
      "line \(index) is not the one that this line was written after: it was edited, or another run was spliced on here", nil
    )
  }

  /// What says that the lines are of two runs.
  private var splice: String? {
    guard let opened = runs.first else { return nil }
    guard let other = runs.first(where: { $0.run != opened.run }) else { return nil }
    return """
      two runs are spliced together: line \(opened.index + 1) is of run \(opened.run), line \(other.index + 1) of run \
      \(EvidenceText.shown(other.run)); the seam is before this line
      """
  }

  private var runs: [(index: Int, run: String)] {
    entries.enumerated().compactMap { index, entry in
      let statement: JSONValue?
      switch entry?.body {
      case .opened(let body): return (index, body.run)
      case .acknowledged(let body): statement = body.statement
      case .sealed(let body): statement = body.statement
      default: return nil
      }
      guard case .object(let members)? = statement, case .object(let content)? = members["content"],
        case .string(let run)? = content["run"]
      else { return nil }
      return (index, run)
    }
  }

  /// The line with this digest; -1 for what stands before the first.
  private func place(of digest: String) -> Int? { digest == TranscriptEntry.noPrevious ? -1 : digests.lastIndex(of: digest) }

  private func follows(_ index: Int) -> Bool {
    guard let entry = entries[index] else { return false }
    return entry.previous == (index == 0 ? TranscriptEntry.noPrevious : digests[index - 1])
  }

  private func nextBreak(after index: Int) -> Int? { entries.indices.dropFirst(index + 1).first { !follows($0) } }
}
