import Foundation
import Subprocess
import SystemPackage

/// The program that is told of a new certificate (`after-change`): its argv as configured, no shell, one minute.
enum AfterChange {
  private static let timeLimit: Duration = .seconds(60)

  /// Runs the program. Its failure is a warning: the certificate is installed whatever the program does.
  ///
  /// - Returns: whether it ended well, or there was none to run.
  static func run(_ arguments: [String]?, certificate name: String, progress: @escaping @Sendable (String) -> Void) async -> Bool {
    guard let arguments, let program = arguments.first else { return true }
    progress("\(name): runs \(program)")
    do {
      let outcome = try await withThrowingTaskGroup(of: String?.self) { group in
        group.addTask {
          let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(Array(arguments.dropFirst())), output: .string(limit: 64 << 10),
            error: .string(limit: 64 << 10))
          let hasFailed = !result.terminationStatus.isSuccess
          for line in [result.standardOutput, result.standardError].compactMap(\.self).joined().split(separator: "\n") {
            let told = "\(name): \(program): \(line)"
            if hasFailed { Console.say(Console.forTerminal(told)) } else { progress(told) }
          }
          return hasFailed ? "it ended with \(result.terminationStatus)" : nil
        }
        group.addTask {
          try await Task.sleep(for: timeLimit)
          return "it did not end within \(timeLimit)"
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
      }
      guard let outcome else { return true }
      Console.say("warning: \(name): the after-change program failed: \(outcome); the certificate is installed, run the program yourself")
    } catch {
      Console.say("warning: \(name): the after-change program could not be run: \(error); the certificate is installed, run the program yourself")
    }
    return false
  }
}
