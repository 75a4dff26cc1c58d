import ArgumentParser
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A transfer credential as it is given on the command line or in a file.
struct TransferCredential {
  let customerID: String
  let id: String
  let password: String

  /// Reads `CUSTOMER:ID:PASSWORD`. What is wrong is told by its place, never by its text.
  init(parsing text: String, at place: String) throws {
    let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else {
      throw ValidationError("\(place): a transfer credential is CUSTOMER:ID:PASSWORD")
    }
    (customerID, id, password) = (parts[0], parts[1], parts[2])
  }
}

/// A file with a credential a line. Empty lines and lines that begin with `#` say nothing.
enum TransferFile {
  static func read(_ path: String) throws -> [TransferCredential] {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    guard
      attributes[.type] as? FileAttributeType == .typeRegular,
      let permissions = (attributes[.posixPermissions] as? NSNumber)?.intValue, permissions & 0o077 == 0,
      (attributes[.ownerAccountID] as? NSNumber)?.uint32Value == geteuid()
    else { throw ValidationError("--transfer-file: \(path) is not a file that only you can read (chmod 600)") }
    let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    return try text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().compactMap { number, line in
      guard !line.isEmpty, !line.hasPrefix("#") else { return nil }
      return try TransferCredential(parsing: String(line), at: "\(path), line \(number + 1)")
    }
  }
}
