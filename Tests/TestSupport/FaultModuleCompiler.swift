import Foundation
import Synchronization

/// Compiles `Tests/Modules/fault`, once for each state of its sources: what was compiled stays beside the tests' executable.
enum FaultModuleCompiler {
  static func file(_ interface: FaultModule.Interface) throws -> String {
    try compiled.withLock { compiled in
      if let file = compiled[interface] { return file }
      let file = try compile(interface)
      compiled[interface] = file
      return file
    }
  }

  private static let compiled = Mutex<[FaultModule.Interface: String]>([:])

  private static func compile(_ interface: FaultModule.Interface) throws -> String {
    let project = OfficialMaterial.projectFolder
    let sources = project.appending(path: "Tests/Modules/fault")
    let headers = project.appending(path: "Sources/CCryptoki/include")
    let files = try [sources, headers].flatMap { try FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil) }
      .filter { ["c", "h"].contains($0.pathExtension) }.sorted { $0.path < $1.path }
    let options = interface == .version3 ? ["-DFAULT_INTERFACE"] : []
    // FNV-1a: enough to tell one state of the sources from another.
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in try files.flatMap({ try Data(contentsOf: $0) }) + options.joined().utf8 {
      digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    let file = BuiltProduct.path("fault-module-\(String(digest, radix: 16)).so")
    if FileManager.default.fileExists(atPath: file) { return file }

    // Another process may do the same: whoever is last wins, and both have made the same.
    let unfinished = file + ".\(ProcessInfo.processInfo.processIdentifier)"
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["cc", "-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread"] + options
      + ["-I" + headers.path, "-o", unfinished] + files.filter { $0.pathExtension == "c" }.map(\.path)
    let output = Pipe()
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw FaultModuleError("the fault module does not compile: " + text) }
    try? FileManager.default.moveItem(atPath: unfinished, toPath: file)
    try? FileManager.default.removeItem(atPath: unfinished)
    return file
  }
}

/// Why a fault module could not be made.
public struct FaultModuleError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
