import ArgumentParser
import Foundation
import SystemPackage

/// The whole tool: reads the command line, runs the command, shows what went wrong, and says with which code the process should end.
public enum CommandLineTool {
  /// - Parameter arguments: the command line without the program's name.
  /// - Returns: the exit code of the contract.
  public static func run(_ arguments: [String]) async -> Int32 {
    occupyStandardDescriptors()
    // A reader that goes away (`| head`) is an error from write, not a silent death.
    signal(SIGPIPE, SIG_IGN)
    let asJSON = arguments.prefix { $0 != "--" }.contains("--json")
    defer { LoadedModules.finalizeAll() }
    do {
      var command = try HSMKeyCommand.parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
      return ExitStatus.done.rawValue
    } catch let exit as ExitCode {
      return exit.rawValue
    } catch {
      return conclude(error, asJSON: asJSON)
    }
  }

  /// A descriptor that the caller closed would be given to the next file that is opened, and the answer written into that. So it is opened on
  /// `/dev/null`, the wrong way round: whoever uses it gets the error that the closed one would have given.
  private static func occupyStandardDescriptors() {
    for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) == -1 && errno == EBADF {
      _ = try? FileDescriptor.open(FilePath("/dev/null"), number == STDIN_FILENO ? .writeOnly : .readOnly)
    }
  }

  private static func conclude(_ error: any Error, asJSON: Bool) -> Int32 {
    if let translated = ErrorTranslation.translate(error) {
      Console.report(translated, asJSON: asJSON)
      return translated.exitStatus.rawValue
    }
    // What is left are ArgumentParser's own: help and version go to stdout, mistakes on the command line are usage errors.
    let exitCode = HSMKeyCommand.exitCode(for: error)
    if exitCode == .success {
      try? Console.writeAnswer(Array("\(HSMKeyCommand.fullMessage(for: error))\n".utf8))
      return ExitStatus.done.rawValue
    }
    let isUsage = exitCode == .validationFailure
    let usage = HSMKeyCommand.fullMessage(for: error).split(separator: "\n").first { $0.hasPrefix("Usage: ") }
    let report = CommandError(
      isUsage ? .usage : .internalFault, code: isUsage ? "usage" : "internal", operation: isUsage ? "read the command line" : "run the command",
      message: isUsage ? HSMKeyCommand.message(for: error) : "\(error)",
      hints: [isUsage ? usage.map { "usage: \($0.dropFirst("Usage: ".count))" } : "this is a fault of hsmkey; please report it"])
    Console.report(report, asJSON: asJSON)
    return report.exitStatus.rawValue
  }
}
