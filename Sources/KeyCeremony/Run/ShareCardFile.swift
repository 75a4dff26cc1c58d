import Foundation
package import Secrets
package import SystemPackage

/// A share's card as a file, from when it is handed out until its custodian has read it back.
struct ShareCardFile: Sendable {
  let path: FilePath

  /// Writes the page where only its owner can read it. A card that an attempt that was cut off has left is overwritten first: it is void.
  init(_ page: HeldSecret, in folder: String, named name: String) throws {
    path = FilePath(folder).appending(name)
    let operation = "write the share card \(name)"
    do {
      if let objection = try OwnFolder.objection(to: folder) {
        throw CeremonyError(
          .siteComplete, operation: operation, message: "the folder \(folder) is no place for it: \(objection)",
          hint: "share-card-folder must belong to this user alone: chmod 700, best on a file system in memory")
      }
      if FileManager.default.fileExists(atPath: path.string) { try Self.wipe(path) }
      let descriptor = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
      do {
        try descriptor.closeAfter { try descriptor.writeAll(page) }
      } catch {
        try? Self.wipe(path)
        throw error
      }
    } catch let error as CeremonyError {
      throw error
    } catch {
      throw CeremonyError(
        .siteComplete, operation: operation, message: "the folder \(folder) cannot take it: \(error)",
        hint: "share-card-folder must be there and belong to this user alone: best a file system in memory", underlying: error)
    }
  }

  /// Overwrites the file with zeros and removes it. On a disk that writes elsewhere what is written again (flash, journals) that is no
  /// promise.
  func destroy() throws { try Self.wipe(path) }

  /// Takes away the cards that an attempt which was cut off has left.
  static func destroyLeftovers(_ names: [String], in folder: String) {
    for name in names { try? wipe(FilePath(folder).appending(name)) }
  }

  private static func wipe(_ path: FilePath) throws {
    let descriptor = try FileDescriptor.open(path, .writeOnly, options: [.noFollow, .closeOnExec])
    try descriptor.closeAfter {
      let size = Int(try descriptor.seek(offset: 0, from: .end))
      try descriptor.seek(offset: 0, from: .start)
      try descriptor.writeAll([UInt8](repeating: 0, count: size))
    }
    try FileManager.default.removeItem(atPath: path.string)
  }
}

extension FileDescriptor {
  /// Writes a secret octet by octet, so that no array holds it.
  package func writeAll(_ secret: HeldSecret) throws {
    try secret.withBytes { bytes in
      for index in bytes.indices { try writeAll(CollectionOfOne(bytes[index])) }
    }
  }
}
