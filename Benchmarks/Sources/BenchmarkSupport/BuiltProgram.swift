public import Foundation

/// One of the project's own programs, built before, with its name at the end:
///
///     swift build -c release --package-path Benchmarks --scratch-path .build-bench --product NAME
public struct BuiltProgram: Sendable {
  /// Where it is.
  public let path: String

  /// A program by its name, in the folder that `HSMKEY_PROGRAMS` names or in `.build-bench/release` of this folder.
  public init(_ name: String) throws {
    let folder = ProcessInfo.processInfo.environment["HSMKEY_PROGRAMS"] ?? ".build-bench/release"
    path = URL(filePath: folder).appending(path: name).path
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw BenchmarkFailure(
        "\(path) is not there; build it with: swift build -c release --package-path Benchmarks --scratch-path .build-bench --product \(name)"
      )
    }
  }

  /// Starts it in a folder, with its answer in a pipe.
  public func start(_ arguments: [String], in folder: URL, quietly: Bool = true) throws -> (process: Process, answer: Pipe) {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment
    let answer = Pipe()
    process.standardOutput = answer
    if quietly { process.standardError = FileHandle.nullDevice }
    try process.run()
    return (process, answer)
  }

  /// Runs it to its end in a folder.
  ///
  /// - Returns: what it wrote on standard output.
  /// - Throws: ``BenchmarkFailure`` when it ends with anything but 0.
  @discardableResult
  public func run(_ arguments: [String], in folder: URL) throws -> Data {
    let (process, answer) = try start(arguments, in: folder, quietly: false)
    let data = answer.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw BenchmarkFailure("\(path) \(arguments) ended with \(process.terminationStatus)") }
    return data
  }
}
