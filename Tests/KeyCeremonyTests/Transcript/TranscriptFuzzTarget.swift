import KeyEvidence

@testable import KeyCeremony

/// What is fuzzed, and what must hold of any input whatever. `scripts/fuzz-transcript` looks for inputs with a coverage-guided fuzzer; the
/// ones it kept, in `Tests/Corpora`, are tried again in every run of the tests.
enum TranscriptFuzzTarget: String, CaseIterable, Sendable {
  /// The input is bytes that should be a transcript.
  case bytes = "transcript-bytes"
  /// The input is lines; number and digests of each are put right before they are read.
  case chained = "transcript-chained"

  /// Tries one input.
  ///
  /// - Returns: what is wrong; `nil` when everything holds.
  func finding(in input: [UInt8]) -> String? {
    Self.finding(inTranscript: self == .bytes ? input : Self.chained(input))
  }

  /// A transcript is either refused, with the line and in words that are fit to be shown, or is the one way to write what it means.
  private static func finding(inTranscript bytes: [UInt8]) -> String? {
    let lineCount = bytes.count { $0 == 0x0A } + 1
    do throws(CeremonyError) {
      let reader = try TranscriptReader(bytes)
      let again = reader.lines.flatMap { $0.entry.line + [0x0A] } + reader.tail
      if again != bytes { return "other bytes mean the same" }
      let history = try TranscriptHistory(reader.lines)
      if history.count != reader.lines.count { return "an entry was not counted" }
      return nil
    } catch {
      if ![.transcriptFile, .transcriptChain, .transcriptSteps, .transcriptWhole].contains(error.rule) {
        return "the error is another's: \(error)"
      }
      if error.rule == .transcriptWhole { return nil }
      guard let number = error.message.split(separator: ":").first?.split(separator: " ").last.flatMap({ Int($0) }),
        (1...lineCount).contains(number)
      else { return "the error has no line of the file: \(error)" }
      if error.message.utf8.count > 1000 { return "the error says too much: \(error)" }
      return nil
    }
  }

  /// The lines, each with the number and the digest that it would have.
  private static func chained(_ input: [UInt8]) -> [UInt8] {
    var previous = TranscriptEntry.noPrevious
    var bytes: [UInt8] = []
    for (number, line) in input.split(separator: 0x0A).enumerated() {
      var line = Array(line)
      if case .object(var members)? = try? CanonicalJSON.parse(line) {
        members["entry"] = .integer(number)
        members["previous"] = .string(previous)
        if case .string(let plan)? = members["plan"] { members["plan-sha256"] = .string(EvidenceText.sha256(Array(plan.utf8))) }
        line = CanonicalJSON.encode(.object(members))
      }
      previous = EvidenceText.sha256(line)
      bytes += line + [0x0A]
    }
    return bytes
  }
}
