import Foundation
import KeyEvidence
import SystemPackage
import TokenKeys

extension CeremonyRun {
  /// The largest input, in bytes.
  static let maximumInputSize = 16 << 20

  /// Reads an input, and records its digest.
  func read(_ id: String, certificateFor key: TokenKey? = nil, _ frame: StepFrame) async throws -> [UInt8] {
    guard let input = plan.input(id) else { throw frame.refusal(.planSense, "the plan has no input \(id)") }
    let bytes: [UInt8]
    let name: String
    if let stage {
      bytes = try await stage.input(id, certificateFor: key)
      name = "\(id) (rehearsal)"
    } else {
      guard let path = site.inputs[id] else { throw frame.refusal(.siteComplete, "the site has no file for the input \(id)") }
      name = FilePath(path).lastComponent?.string ?? id
      bytes = try Self.contents(of: path, limit: Self.maximumInputSize, frame)
    }
    let digest = EvidenceText.sha256(bytes)
    if stage == nil, let expected = input.sha256, expected != digest {
      throw frame.refusal(
        .inputDigest, "the input \(id) (\(name)) has the SHA-256 \(digest), and the plan names \(expected)",
        hint: "it is another file than the one that was reviewed")
    }
    try record.fileRead(step: frame.step.id, name: id, file: name, size: bytes.count, sha256: digest)
    return bytes
  }

  static func contents(of path: String, limit: Int, _ frame: StepFrame) throws -> [UInt8] {
    do {
      let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
      let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
      let data = try handle.read(upToCount: limit + 1) ?? Data()
      guard data.count <= limit else { throw frame.refusal(.inputDigest, "\(path) is larger than \(limit >> 20) MiB") }
      return Array(data)
    } catch let error as CeremonyError {
      throw error
    } catch {
      throw CeremonyError(
        .siteComplete, operation: frame.operation, message: "\(path) cannot be read: \((error as? Errno).map { "\($0)" } ?? "\(error)")",
        hint: "name a file that this user can read", underlying: error)
    }
  }

  /// Writes an output: recorded first, then put in place whole, never over another file.
  ///
  /// A file that an attempt of the same step has left, and whose digest was recorded, is kept as it is.
  func write(_ bytes: [UInt8], to id: String, _ frame: StepFrame) throws {
    guard let output = plan.output(id) else { throw frame.refusal(.planSense, "the plan has no output \(id)") }
    let path = FilePath(record.folder).appending(output.file)
    if FileManager.default.fileExists(atPath: path.string) {
      let present = EvidenceText.sha256(try Self.contents(of: path.string, limit: 64 << 20, frame))
      guard record.digestsWritten(step: frame.step.id, name: id).contains(present) else {
        throw frame.refusal(
          .outputNew, "\(output.file) exists already and is not overwritten",
          hint: "it is not this run's; find out whose it is, and use a new output folder")
      }
      try record.noted(step: frame.step.id, "\(output.file) was in place already, as it was recorded before the interruption")
      return
    }
    try record.fileWritten(
      step: frame.step.id, name: id, file: output.file, size: bytes.count, sha256: EvidenceText.sha256(bytes))
    do {
      try NewFile.place(bytes, at: path)
    } catch Errno.fileExists {
      throw frame.refusal(.outputNew, "\(output.file) exists already and is not overwritten")
    } catch {
      throw CeremonyError(
        .outputNew, operation: frame.operation, message: "\(output.file) cannot be written: \(CeremonyText.reason(error))",
        hint: "see whether the disk has room and the folder can be written to; \(CeremonyText.howToGoOn)", underlying: error)
    }
  }
}
