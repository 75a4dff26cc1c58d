import Subprocess
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a program left behind when it ended.
public struct ProgramResult: Sendable {
  /// The exit code, or 128 plus the signal number, as a shell tells it.
  public let exitCode: Int
  public let standardOutput: String
  public let standardError: String

  public var succeeded: Bool { exitCode == 0 }
}

/// Runs a real program (openssl, xmlsec1, pkcs11-tool …) and waits for it.
///
/// - Parameters:
///   - program: a name looked up on `PATH`, or an absolute path.
///   - environment: added to the environment of the tests; an empty value removes the variable.
///   - input: what the program reads from its standard input.
///   - folder: its working folder; the tests' own by default.
public func run(
  _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], input: [UInt8] = [], in folder: String? = nil
) async throws -> ProgramResult {
  var updates: [Environment.Key: String?] = [:]
  for (name, value) in environment {
    updates[Environment.Key(rawValue: name)!] = .some(value.isEmpty ? nil : value)
  }
  // Standard input is a file and not Subprocess's own pipe: when a program ends before the task that writes to the pipe has had its turn,
  // version 1.0.2 ends the whole process ("FileDescriptor was not closed"), and a busy machine makes that likely.
  let inputFolder = input.isEmpty ? nil : try TemporaryFolder()
  let inputPath = try inputFolder?.write(input, to: "input") ?? "/dev/null"
  let standardInput = try FileDescriptor.open(FilePath(inputPath), .readOnly)
  let result = try await Subprocess.run(
    program.hasPrefix("/") ? .path(FilePath(program)) : .name(program),
    arguments: Arguments(arguments),
    environment: .inherit.updating(updates),
    workingDirectory: folder.map { FilePath($0) },
    input: .fileDescriptor(standardInput, closeAfterSpawningProcess: true),
    output: .bytes(limit: 16 << 20),
    error: .bytes(limit: 16 << 20))
  let code: Int
  switch result.terminationStatus {
  case .exited(let exitCode): code = Int(exitCode)
  case .signaled(let signal): code = 128 + Int(signal)
  }
  return ProgramResult(
    exitCode: code,
    standardOutput: String(decoding: result.standardOutput, as: UTF8.self),
    standardError: String(decoding: result.standardError, as: UTF8.self))
}
