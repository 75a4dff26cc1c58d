public import Foundation
import KeyEvidence
import Synchronization
import SystemPackage

/// Writes a transcript, line by line. What has been appended is on the disk; one process at a time has a transcript open.
///
/// ```swift
/// let writer = try TranscriptWriter.isBegun(in: folder)
///   ? TranscriptWriter.resume(in: folder).writer : TranscriptWriter.create(in: folder, opened: …)
/// try writer.append(.stepBegun(…))
/// ```
///
/// An entry that makes no sense after those before it is not written (see ``TranscriptHistory``). After a failure to write, nothing more is
/// written: the file may end in a part of a line, which the next process cuts off and tells of.
public final class TranscriptWriter: Sendable {
  /// The file's name in the ceremony's folder.
  public static let fileName = "transcript.jsonl"

  /// A last line that had not been written to its end, and was cut off.
  public struct TornLine: Sendable, Hashable {
    /// How many bytes of it were there.
    public let octets: Int
    /// Their SHA-256, in hexadecimal.
    public let sha256: String
  }

  /// Where the file is.
  public let path: String
  private let file: TranscriptFile
  private let state: Mutex<State>

  private struct State {
    var history: TranscriptHistory
    var failure: CeremonyError?
  }

  init(_ file: TranscriptFile, history: TranscriptHistory) {
    path = file.path
    self.file = file
    state = Mutex(State(history: history))
  }

  /// Everything that has been appended, gathered.
  public var history: TranscriptHistory { state.withLock { $0.history } }

  /// Appends an entry, and returns when it is on the disk.
  ///
  /// - Returns: the SHA-256 of the line, in hexadecimal.
  /// - Throws: `CEREMONY-TRANSCRIPT-STEPS` for an entry that does not belong there, `CEREMONY-TRANSCRIPT-FILE` for one that could not be
  ///   read again or that could not be written; after the latter every append fails.
  @discardableResult
  public func append(_ body: TranscriptEntry.Body, at time: Date = Date()) throws(CeremonyError) -> String {
    try state.withLock { state throws(CeremonyError) in
      if let failure = state.failure { throw failure }
      let (entry, line) = try Self.line(body, number: state.history.count, previous: state.history.head, at: time)
      let digest = EvidenceText.sha256(line)
      var history = state.history
      try history.add(entry, sha256: digest)
      do throws(CeremonyError) {
        try file.append(line + [UInt8(ascii: "\n")])
      } catch {
        state.failure = error
        throw error
      }
      state.history = history
      return digest
    }
  }

  /// The line of an entry, which can be read again.
  static func line(
    _ body: TranscriptEntry.Body, number: Int, previous: String, at time: Date
  ) throws(CeremonyError) -> (entry: TranscriptEntry, line: [UInt8]) {
    let line = TranscriptEntry(number: number, previous: previous, time: time, body: body).line
    guard line.count <= TranscriptEntry.maximumLineSize else {
      throw CeremonyError(
        .transcriptFile, operation: "write the transcript",
        message:
          "an entry of the kind \(body.kind.rawValue) has \(line.count) bytes, and at most \(TranscriptEntry.maximumLineSize) are taken")
    }
    do throws(EvidenceError) {
      return (try TranscriptEntry(line: line), line)
    } catch {
      throw CeremonyError(
        .transcriptFile, operation: "write the transcript",
        message: "an entry of the kind \(body.kind.rawValue) could not be read again: at \(error.where): \(error.message)",
        underlying: error)
    }
  }
}

extension TranscriptWriter {
  /// Whether there is a transcript with at least its first line in a folder: then it is resumed, not created.
  public static func isBegun(in folder: String) -> Bool { TranscriptFile.hasLine(in: folder) }

  /// Begins a transcript in a folder that has none.
  ///
  /// - Throws: `CEREMONY-OUTPUT-NEW` when there is one; `CEREMONY-ONE-RUN` when another process has just begun one;
  ///   `CEREMONY-TRANSCRIPT-FILE` when it cannot be written.
  public static func create(
    in folder: String, opened: TranscriptEntry.Opened, at time: Date = Date()
  ) throws(CeremonyError) -> TranscriptWriter {
    let (entry, line) = try line(.opened(opened), number: 0, previous: TranscriptEntry.noPrevious, at: time)
    let history = try TranscriptHistory(first: entry, sha256: EvidenceText.sha256(line))
    let file = try TranscriptFile.create(in: folder)
    try file.append(line + [UInt8(ascii: "\n")])
    try TranscriptFile.synchronize(folder)
    return TranscriptWriter(file, history: history)
  }

  /// Opens the transcript of a run that was interrupted.
  ///
  /// A last line without its LF is cut off; tell of it with the entry `resumed`. Everything else must be in order.
  ///
  /// - Parameter check: looks at what is there, and throws where it is not to be gone on with: then the file is left as it is.
  /// - Throws: `CEREMONY-ONE-RUN` when another process has it open; `CEREMONY-RESUME` when nothing was begun; what ``TranscriptReader`` and
  ///   ``TranscriptHistory`` throw, and the check.
  public static func resume(
    in folder: String, _ check: (TranscriptHistory) throws(CeremonyError) -> Void = { _ in }
  ) throws(CeremonyError) -> (writer: TranscriptWriter, torn: TornLine?) {
    let file = try TranscriptFile.open(in: folder)
    let bytes = try file.read()
    let reader = try TranscriptReader(bytes)
    guard !reader.lines.isEmpty else {
      throw CeremonyError(
        .resume, operation: "resume the run", message: "\(file.path) has no whole line: nothing was begun", hint: "begin the run anew")
    }
    let history = try TranscriptHistory(reader.lines)
    try check(history)
    let writer = TranscriptWriter(file, history: history)
    guard !reader.tail.isEmpty else { return (writer, nil) }
    guard !history.isSealed else {
      throw CeremonyError(
        .transcriptFile, operation: "resume the run",
        message: "line \(reader.lines.count + 1): there are \(reader.tail.count) bytes after the seal",
        hint: "nothing is written after the seal: somebody else did; look at the end of \(file.path)")
    }
    try file.cut(to: bytes.count - reader.tail.count)
    return (writer, TornLine(octets: reader.tail.count, sha256: EvidenceText.sha256(reader.tail)))
  }
}
