import Foundation
import KeyEvidence

/// The lines of a transcript, each with the step that it belongs to; and those that a reader must not miss.
struct StepRecords: Sendable {
  /// By the step's name in the plan, or one of the moments outside of steps: `start`, `resume`, `end`.
  private var entries: [String: [TranscriptEntry]] = [:]
  /// In markup: interruptions, failed attempts, answers that a file gave, notes.
  private(set) var notable: [String] = []

  init(_ lines: [TranscriptLine]) {
    var current: String?
    var prepared = 0
    for line in lines {
      let entry = line.entry
      if case .stepBegun(let begun) = entry.body { current = begun.step }
      if let step = entry.body.step ?? (entry.kind == .resumed || entry.kind == .noted ? current : nil) {
        entries[step, default: []].append(entry)
      }
      switch entry.body {
      case .stepDone: current = nil
      case .resumed(let resumed):
        let torn = resumed.removedOctets > 0 ? " A last line that was not whole (\(resumed.removedOctets) octets) was taken off." : ""
        notable.append("Interrupted after line \(resumed.after)\(Self.during(current)); it went on at \(Self.time(entry)).\(torn)")
      case .stepFailed(let failed):
        notable.append(
          "An attempt at the step \(HTMLText.escape(failed.step)) failed at \(Self.time(entry)): \(PaperParts.prose(failed.message)).")
      case .noted(let noted): notable.append("Noted at \(Self.time(entry))\(Self.during(noted.step)): \(PaperParts.prose(noted.text))")
      case .asked(let asked): prepared += asked.by == .prepared ? 1 : 0
      case .acknowledged(let acknowledged): prepared += acknowledged.by == .prepared ? 1 : 0
      default: break
      }
    }
    if prepared > 0 { notable.insert("\(prepared) answers came from a file of prepared answers, not from people.", at: 0) }
  }

  private static func during(_ step: String?) -> String { step.map { ", in the step \(HTMLText.escape($0))" } ?? "" }

  private static func time(_ entry: TranscriptEntry) -> String { "\(EvidenceTime.text(entry.time).dropFirst(11).dropLast())" }

  /// The entries of a step, in their order.
  subscript(step: String) -> [TranscriptEntry] { entries[step] ?? [] }

  /// Whether a step came to its end.
  func isDone(_ step: String) -> Bool { self[step].contains { $0.kind == .stepDone } }
}
