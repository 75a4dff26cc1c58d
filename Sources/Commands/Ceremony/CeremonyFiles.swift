import Foundation
import KeyCeremony
import SystemPackage

/// The files that people write for ceremonies, opened with the care that each needs.
enum CeremonyFiles {
  /// A plan. Anybody may have written it: it is reviewed, and its digest is read aloud.
  static func plan(_ path: String) throws -> CeremonyPlan {
    let (plan, mistakes) = CeremonyPlan.examine(bytes: try planBytes(path), file: path)
    return try whole(plan, mistakes)
  }

  static func planBytes(_ path: String) throws -> [UInt8] { try InputOutput.read(path, operation: "read the plan") }

  /// A site file, which names code that is loaded and sources of PINs: it is root's or ours, and nobody else can change it.
  static func site(_ path: String, for plan: CeremonyPlan) throws -> SiteBinding {
    let (site, mistakes) = SiteBinding.examine(bytes: try siteBytes(path), file: path, for: plan)
    return try whole(site, mistakes)
  }

  private static func siteBytes(_ path: String) throws -> [UInt8] {
    do {
      return try InputOutput.read(path, operation: "read the site file") { descriptor in
        try OwnFile.refuseForeign(descriptor, path) { message, hint in
          CommandError.configuration(
            "\(message), and could have programs run through it", rule: .configurationOwner, operation: "read the site file", hint: hint)
        }
      }
    } catch let error as CommandError where error.exitStatus == .inputData {
      throw CommandError.configuration(
        error.message, operation: "read the site file", hint: "name another file with --site, or make this one readable")
    }
  }

  /// Prepared answers, which may hold PINs: a file that only its owner can open.
  static func answers(_ path: String, for plan: CeremonyPlan) throws -> PreparedAnswers {
    let operation = "read the prepared answers"
    let bytes = try InputOutput.read(path, operation: operation) { descriptor in
      try OwnFile.refuseForeign(descriptor, path) { message, hint in .input(message, operation: operation, hint: hint) }
      let permissions = try descriptor.stat().permissions
      guard permissions.isDisjoint(with: [.groupReadWriteExecute, .otherReadWriteExecute]) else {
        throw CommandError.input(
          "others can read \(path) (mode \(String(permissions.rawValue, radix: 8))), and it may hold PINs", operation: operation,
          hint: "chmod 600 \(path)")
      }
    }
    return try PreparedAnswers(reading: bytes, file: path, for: plan)
  }

  /// A transcript: the file itself, or the one in the folder of a rehearsal or performance, which is named then. `-` is standard input.
  static func transcript(_ path: String) throws -> (bytes: [UInt8], file: String, folder: String?) {
    let target = URL(filePath: path).resolvingSymlinksInPath()
    let isFolder = path != "-" && (try? target.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true
    let file = isFolder ? URL(filePath: path).appending(path: TranscriptWriter.fileName).path : path
    let bytes = try InputOutput.read(file, operation: "read the transcript", limit: TranscriptReader.maximumSize)
    return (bytes, file, isFolder ? path : nil)
  }

  /// What was read; otherwise every mistake is told, the last one by whoever catches it.
  private static func whole<Value>(_ value: Value?, _ mistakes: [CeremonyError]) throws -> Value {
    for mistake in mistakes.dropLast() {
      if let error = ErrorTranslation.translate(mistake) { Console.report(error) }
    }
    if let last = mistakes.last { throw last }
    guard let value else { throw CommandError(.internalFault, code: "internal", operation: "read a file", message: "there is nothing") }
    return value
  }
}
