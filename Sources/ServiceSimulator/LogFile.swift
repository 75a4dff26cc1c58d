import Foundation
import SystemPackage

#if canImport(Glibc)
  import Glibc
#endif

/// A file of JSON lines, readable by its owner only. Lines are appended, each in one piece.
final class LogFile: Sendable {
  private let descriptor: FileDescriptor

  /// Makes the file, or goes on with one that is there and nobody else's.
  init(path: String) throws(SimulatorError) {
    let operation = "open the log"
    if FileManager.default.fileExists(atPath: path), !OwnerOnlyFile.isOne(path) {
      throw SimulatorError(.ownerOnly, operation, "\(path) is not a file that only you can read", hint: "chmod 600, or another name")
    }
    do {
      descriptor = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.append, .create, .noFollow, .closeOnExec], permissions: .ownerReadWrite)
    } catch {
      throw SimulatorError(.ownerOnly, operation, "\(path) cannot be written", underlying: error)
    }
  }

  deinit { try? descriptor.close() }

  func append(_ line: some Encodable) throws {
    var data = try Self.encoder.encode(line)
    data.append(0x0a)
    try descriptor.writeAll(data)
  }

  /// What a line says, for people.
  static func text(of line: some Encodable) throws -> String {
    String(decoding: try encoder.encode(line), as: UTF8.self).replacing(",\"", with: ",\n \"")
  }

  private static let encoder: JSONEncoder = {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .custom { date, encoder in
      var container = encoder.singleValueContainer()
      try container.encode(date.formatted(style))
    }
    return encoder
  }()

  static let decoder: JSONDecoder = {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .custom { decoder in try style.parse(decoder.singleValueContainer().decode(String.self)) }
    return decoder
  }()

  private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}

/// What is said of files that hold credentials, or commands.
enum OwnerOnlyFile {
  /// Whether a regular file, itself and not a link to it, is ours and nobody else can read or write it.
  static func isOne(_ path: String) -> Bool {
    (try? FileManager.default.attributesOfItem(atPath: path)).map(isOne) ?? false
  }

  static func isOne(_ attributes: [FileAttributeKey: Any]) -> Bool {
    guard
      attributes[.type] as? FileAttributeType == .typeRegular,
      let permissions = (attributes[.posixPermissions] as? NSNumber)?.intValue, permissions & 0o077 == 0
    else { return false }
    return (attributes[.ownerAccountID] as? NSNumber)?.uint32Value == geteuid()
  }
}
