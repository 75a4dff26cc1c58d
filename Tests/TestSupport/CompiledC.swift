import Foundation
import Synchronization

/// Compiles C sources of `Tests/Modules`, once for each state of them: what was compiled stays beside the tests' executable.
enum CompiledC {
  /// What comes out.
  enum Kind: Sendable {
    case program, library

    var options: [String] { self == .program ? [] : ["-shared", "-fPIC", "-fvisibility=hidden"] }
    var suffix: String { self == .program ? "" : ".so" }
  }

  private static let made = Mutex<[String: String]>([:])

  /// The file that was compiled from the sources in a folder of `Tests/Modules`, or from a single file there.
  ///
  /// - Parameter includes: folders of headers, inside the project.
  static func file(_ kind: Kind, from place: String, options: [String] = [], includes: [String] = []) throws -> String {
    try made.withLock { made in
      let key = ([place] + options).joined(separator: " ")
      if let file = made[key] { return file }
      let file = try compile(kind, from: place, options: options, includes: includes)
      made[key] = file
      return file
    }
  }

  private static func compile(_ kind: Kind, from place: String, options: [String], includes: [String]) throws -> String {
    let project = OfficialMaterial.projectFolder
    let sources = project.appending(path: "Tests/Modules/\(place)")
    let headers = includes.map { project.appending(path: $0) }
    let folders = sources.pathExtension.isEmpty ? [sources] + headers : headers
    let files =
      try folders.flatMap { try FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil) }
      .filter { ["c", "h"].contains($0.pathExtension) }.sorted { $0.path < $1.path } + (sources.pathExtension.isEmpty ? [] : [sources])
    // FNV-1a: enough to tell one state of the sources from another.
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in try files.flatMap({ try Data(contentsOf: $0) }) + options.joined().utf8 {
      digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    let name = sources.deletingPathExtension().lastPathComponent
    let file = BuiltProduct.path("\(name)-\(String(digest, radix: 16))\(kind.suffix)")
    if FileManager.default.fileExists(atPath: file) { return file }

    // Another process may do the same: whoever is last wins, and both have made the same.
    let unfinished = file + ".\(ProcessInfo.processInfo.processIdentifier)"
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["cc", "-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"] + kind.options + options
      + headers.map { "-I" + $0.path } + ["-o", unfinished] + files.filter { $0.pathExtension == "c" }.map(\.path)
    let output = Pipe()
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw FaultModuleError("Tests/Modules/\(place) does not compile: " + text) }
    try? FileManager.default.moveItem(atPath: unfinished, toPath: file)
    try? FileManager.default.removeItem(atPath: unfinished)
    return file
  }
}
