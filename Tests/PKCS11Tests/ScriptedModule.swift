import Foundation
import PKCS11
import TestSupport
import Testing

/// A module that misbehaves on demand, compiled from `Tests/Modules/scripted-module.c` into a folder of its own.
final class ScriptedModule: Sendable {
  let path: String
  private let folder: TemporaryFolder

  /// - Parameter script: the macros that say what goes wrong; see the source.
  init(_ script: [String: String] = [:]) async throws {
    folder = try TemporaryFolder()
    path = folder.path("module.so")
    let project = OfficialMaterial.projectFolder
    let macros = script.merging(["LOG_FILE": folder.path("log")]) { $1 }.map { "-D\($0.key)=\($0.value)" }
    let compiled = try await run(
      "cc",
      ["-std=c11", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror", "-shared", "-fPIC", "-o", path] + macros + [
        "-I" + project.appending(path: "Sources/CCryptoki/include").path, project.appending(path: "Tests/Modules/scripted-module.c").path,
      ])
    try #require(compiled.succeeded, "\(compiled.standardError)")
    // Also where files are made writable for the group.
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }

  /// The functions that were called so far.
  var calls: [String] {
    let log = try? String(contentsOfFile: folder.path("log"), encoding: .utf8)
    return log?.split(separator: "\n").map(String.init) ?? []
  }

  /// The module, loaded.
  func module() throws -> Module {
    try Module(path: path)
  }

  /// A session with the only token of the module.
  func session() throws -> Session {
    return try module().token(matching: PKCS11URI(label: "scripted")).openSession(.readWrite)
  }

  /// A second path to the same file.
  func link() throws -> String {
    let link = folder.path("link.so")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    return link
  }
}
