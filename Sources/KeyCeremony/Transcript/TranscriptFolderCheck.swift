import Crypto
import Foundation
import KeyEvidence

/// Holds the files of a ceremony's folder against what the transcript tells of them.
struct TranscriptFolderCheck {
  let history: TranscriptHistory
  let folder: String

  /// - Throws: `CEREMONY-FILE-DIGEST` for a file that is not there, or is another.
  func check() throws(CeremonyError) -> (compared: [String], observations: [VerifiedTranscript.Observation]) {
    // A step that was interrupted and begun again may have written a file twice; the last one counts.
    let names = Set(history.filesWritten.map(\.name))
    let files = names.compactMap { history.fileWritten($0) }.sorted { $0.file < $1.file }
    for file in files { try check(file) }
    // The performance that a rehearsal has approved is written down beside it.
    let own = [TranscriptWriter.fileName] + (history.opened.mode == .rehearsal ? [Approval.spentFileName] : [])
    let told = Set(files.map(\.file)).union(own)
    let there = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let others = there.filter { !told.contains($0) && !$0.hasPrefix(".") }.sorted()
    return (
      files.map(\.file),
      others.map { .init(kind: .file, line: nil, time: nil, text: "\($0) lies in the folder, and the transcript does not tell of it") }
    )
  }

  private func check(_ record: TranscriptEntry.FileRecord) throws(CeremonyError) {
    let path = URL(filePath: folder).appending(path: record.file).path
    var hash = SHA256()
    var size = 0
    do {
      let handle = try FileHandle(forReadingFrom: URL(filePath: path))
      defer { try? handle.close() }
      while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
        hash.update(data: chunk)
        size += chunk.count
        // What is larger is another file already.
        if size > record.size { break }
      }
    } catch {
      throw VerifiedTranscript.refusal(
        .fileDigest, "\(record.file), which the step \(record.step) wrote, cannot be read",
        hint: "lay the ceremony's files beside the transcript; to verify the transcript alone, name the file and not the folder",
        underlying: error)
    }
    guard size == record.size, EvidenceText.hexadecimal(hash.finalize()) == record.sha256 else {
      throw VerifiedTranscript.refusal(
        .fileDigest, "\(record.file) is not the file that the step \(record.step) wrote",
        hint: "it was changed since; its SHA-256 was \(record.sha256)")
    }
  }
}
