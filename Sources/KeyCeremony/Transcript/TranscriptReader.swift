import KeyEvidence

/// A whole line of a transcript: the entry, and the digest that the next line holds.
public struct TranscriptLine: Sendable, Hashable {
  /// What the line says.
  public let entry: TranscriptEntry
  /// The SHA-256 of the line without its LF, in hexadecimal.
  public let sha256: String
}

/// The lines of a transcript whose chain is in order: each is canonical, of a known kind, and holds the digest of the one before.
public struct TranscriptReader: Sendable {
  /// The largest transcript, in bytes: 64 MiB.
  public static let maximumSize = 64 << 20

  /// The whole lines.
  public let lines: [TranscriptLine]
  /// What follows the last LF: a line that was not written to its end, or nothing.
  public let tail: [UInt8]

  /// Reads the bytes of a transcript.
  ///
  /// - Throws: `CEREMONY-TRANSCRIPT-FILE` for a line that is none of a transcript's; `CEREMONY-TRANSCRIPT-CHAIN` for one that does not
  ///   follow the one before it. Both name the line; the latter says what was probably done.
  public init(_ bytes: [UInt8]) throws(CeremonyError) {
    guard bytes.count <= Self.maximumSize else {
      throw Self.refusal("the file has more than \(Self.maximumSize >> 20) MiB", hint: "no transcript is that large")
    }
    var pieces = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    tail = pieces.popLast().map(Array.init) ?? []
    var lines: [TranscriptLine] = []
    for (index, piece) in pieces.enumerated() {
      let line = try Self.line(piece, number: index + 1)
      guard line.entry.number == index, line.entry.previous == lines.last?.sha256 ?? TranscriptEntry.noPrevious else {
        let rest = pieces[(index + 1)...].map { piece in (EvidenceText.sha256(Array(piece)), try? TranscriptEntry(line: Array(piece))) }
        throw TranscriptChain(lines.map { ($0.sha256, $0.entry) } + [(line.sha256, line.entry)] + rest).refusal(at: index)
      }
      lines.append(line)
    }
    self.lines = lines
  }

  private static func line(_ bytes: ArraySlice<UInt8>, number: Int) throws(CeremonyError) -> TranscriptLine {
    guard bytes.count <= TranscriptEntry.maximumLineSize else {
      throw refusal("line \(number): it has more than \(TranscriptEntry.maximumLineSize >> 20) MiB")
    }
    let bytes = Array(bytes)
    do throws(EvidenceError) {
      return TranscriptLine(entry: try TranscriptEntry(line: bytes), sha256: EvidenceText.sha256(bytes))
    } catch {
      throw refusal(
        "line \(number): at \(error.where): \(error.message)",
        hint: error.rule == .format
          ? "it was made for another version of this tool"
          : "take the file as it was made, byte for byte; it was edited, or is no transcript of a ceremony", underlying: error)
    }
  }

  private static func refusal(_ message: String, hint: String? = nil, underlying: (any Error)? = nil) -> CeremonyError {
    CeremonyError(.transcriptFile, operation: TranscriptEntry.operation, message: message, hint: hint, underlying: underlying)
  }
}
