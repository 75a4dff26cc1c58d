import Foundation
import SystemPackage

/// The file of a transcript, open and locked (`flock`). The kernel drops the lock when the process ends, however it ends.
final class TranscriptFile: Sendable {
  let path: String
  private let descriptor: FileDescriptor

  /// - Parameter descriptor: is closed when the last reference goes.
  init(path: String, adopting descriptor: FileDescriptor) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    // Closing alone would leave the lock with a child that was forked meanwhile, until that child runs its program.
    _ = flock(descriptor.rawValue, LOCK_UN)
    try? descriptor.close()
  }

  /// A new file, for its owner only. One in which no line has come to its end is taken as new: nothing was begun.
  static func create(in folder: String) throws(CeremonyError) -> TranscriptFile {
    let path = self.path(in: folder)
    let operation = "begin the transcript \(path)"
    do {
      let file = TranscriptFile(
        path: path,
        adopting: try FileDescriptor.open(
          FilePath(path), .readWrite, options: [.create, .exclusiveCreate, .append, .closeOnExec, .noFollow],
          permissions: .ownerReadWrite))
      try file.lock(operation)
      return file
    } catch let error as CeremonyError {
      throw error
    } catch Errno.fileExists {
      let file = try open(in: folder)
      guard try !file.read().contains(UInt8(ascii: "\n")) else {
        throw CeremonyError(
          .outputNew, operation: operation, message: "there is a transcript already", hint: "name a new folder, or resume that run")
      }
      try file.cut(to: 0)
      return file
    } catch {
      throw Self.refusal(operation, error)
    }
  }

  /// The file that is there.
  static func open(in folder: String) throws(CeremonyError) -> TranscriptFile {
    let path = self.path(in: folder)
    let operation = "open the transcript \(path)"
    let file: TranscriptFile
    do {
      file = TranscriptFile(
        path: path,
        adopting: try FileDescriptor.open(FilePath(path), .readWrite, options: [.append, .closeOnExec, .noFollow, .nonBlocking]))
      guard try file.descriptor.stat().type == .regular else {
        throw CeremonyError(.transcriptFile, operation: operation, message: "it is no regular file")
      }
      if let objection = try OwnFolder.objection(to: file.descriptor) {
        throw CeremonyError(
          .transcriptFile, operation: operation, message: objection,
          hint: "a run goes on from what stands there, so nobody else may have written it; find out who did")
      }
    } catch let error as CeremonyError {
      throw error
    } catch {
      throw Self.refusal(operation, error)
    }
    try file.lock(operation)
    return file
  }

  /// Whether there is one in which a line has come to its end.
  static func hasLine(in folder: String) -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path(in: folder)) else { return false }
    defer { try? handle.close() }
    let start = try? handle.read(upToCount: TranscriptEntry.maximumLineSize + 1)
    return start?.contains(UInt8(ascii: "\n")) ?? false
  }

  /// That a folder's new names are on the disk.
  static func synchronize(_ folder: String) throws(CeremonyError) {
    let operation = "begin the transcript \(path(in: folder))"
    do {
      let descriptor = try FileDescriptor.open(FilePath(folder), .readOnly, options: [.directory, .closeOnExec])
      let result = fsync(descriptor.rawValue)
      let code = errno
      try? descriptor.close()
      guard result == 0 else { throw Errno(rawValue: code) }
    } catch {
      throw refusal(operation, error)
    }
  }

  private static func path(in folder: String) -> String { FilePath(folder).appending(TranscriptWriter.fileName).string }

  private static func refusal(_ operation: String, _ error: any Error) -> CeremonyError {
    CeremonyError(
      .transcriptFile, operation: operation, message: "the system says: \(error)",
      hint: "see that the folder is there, is this user's own, and that its disk has room and works", underlying: error)
  }

  private func lock(_ operation: String) throws(CeremonyError) {
    guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 else { return }
    let reason = Errno(rawValue: errno)
    guard reason == .wouldBlock else {
      throw CeremonyError(
        .transcriptFile, operation: operation, message: "it cannot be locked: \(reason)",
        hint: "keep the folder on a file system that knows locks", underlying: reason)
    }
    throw CeremonyError(
      .oneRun, operation: operation, message: "another process is working on this run right now",
      hint: "go to that terminal, or wait for it to end")
  }
}

extension TranscriptFile {
  /// The whole file, as far as a transcript may be long, and one byte.
  func read() throws(CeremonyError) -> [UInt8] {
    do {
      let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: false)
      try handle.seek(toOffset: 0)
      return Array(try handle.read(upToCount: TranscriptReader.maximumSize + 1) ?? Data())
    } catch {
      throw Self.refusal("read the transcript \(path)", error)
    }
  }

  /// Appends a line, with one write(2) where the system takes it whole, and waits until it is on the disk.
  func append(_ line: [UInt8]) throws(CeremonyError) {
    do {
      // Goes on after a part was taken or a signal came.
      try descriptor.writeAll(line)
      guard fdatasync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    } catch {
      throw CeremonyError(
        .transcriptFile, operation: "write the transcript \(path)", message: "the system says: \(error)",
        hint: "see that its disk has room and works; \(CeremonyText.howToGoOn)", underlying: error)
    }
  }

  /// Cuts off what stands behind so many bytes.
  func cut(to size: Int) throws(CeremonyError) {
    do {
      try descriptor.resize(to: Int64(size))
      guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    } catch {
      throw Self.refusal("cut off the line of \(path) that was not written to its end", error)
    }
  }
}
