import Foundation
import Subprocess
import SystemPackage

/// The program that is told of a new certificate (`after-change`): its argv as configured, no shell, one minute.
enum AfterChange {
  private static let timeLimit: Duration = .seconds(60)
  /// How much of what the program writes is kept, in bytes: the end of it, where the reasons stand.
  private static let keptOutput = 64 << 10

  /// Runs the program. Its failure is a warning: the certificate is installed whatever the program does.
  ///
  /// - Parameters:
  ///   - secretVariables: environment variables that the program does not get.
  ///   - hint: how it is run again; `certificate fetch` does it for a certificate's own program.
  /// - Returns: whether it ended well, or there was none to run.
  static func run(
    _ arguments: [String]?, certificate name: String, without secretVariables: Set<String>, hint: String? = nil,
    progress: @escaping @Sendable (String) -> Void
  ) async -> Bool {
    let hint = hint ?? "run the program again with: hsmkey certificate fetch \(name)"
    guard let arguments, let program = arguments.first else { return true }
    progress("\(name): runs \(program)")
    do {
      let outcome = try await withThrowingTaskGroup(of: String?.self) { group in
        group.addTask {
          let (status, output) = try await end(of: arguments, without: secretVariables)
          for line in output.split(separator: "\n") {
            let told = "\(name): \(program): \(line)"
            if status.isSuccess { progress(told) } else { Console.warn(told) }
          }
          return status.isSuccess ? nil : "it ended with \(status.inWords)"
        }
        group.addTask {
          try await Task.sleep(for: timeLimit)
          return "it did not end within \(timeLimit)"
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
      }
      guard let outcome else { return true }
      Console.warn("\(name): the after-change program failed: \(outcome); the certificate is installed", hint: hint)
    } catch {
      Console.warn("\(name): the after-change program could not be run: \(error); the certificate is installed", hint: hint)
    }
    return false
  }

  /// How the program ended, and the last part of what it wrote.
  private static func end(of arguments: [String], without secretVariables: Set<String>) async throws -> (TerminationStatus, String) {
    let removed = secretVariables.compactMap { Environment.Key(rawValue: $0) }
    let environment = Environment.inherit.updating(Dictionary(uniqueKeysWithValues: removed.map { ($0, nil) }))
    let result = try await Subprocess.run(
      .path(FilePath(arguments[0])), arguments: Arguments(Array(arguments.dropFirst())), environment: environment, input: .none,
      output: .sequence, error: .combinedWithOutput
    ) { execution in
      var tail = Data()
      var isCut = false
      for try await part in execution.standardOutput {
        tail.append(Data(buffer: part))
        // Cut only now and then: each cut moves what is kept.
        if tail.count > 2 * keptOutput {
          tail = Data(tail.suffix(keptOutput))
          isCut = true
        }
      }
      isCut = isCut || tail.count > keptOutput
      return (isCut ? "(what it wrote before is left out)\n" : "") + String(decoding: tail.suffix(keptOutput), as: UTF8.self)
    }
    return (result.terminationStatus, result.closureResult)
  }
}

extension TerminationStatus {
  /// `exit code 3`, `signal 9`
  fileprivate var inWords: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .signaled(let number): "signal \(number)"
    }
  }
}
