import ArgumentParser
import Foundation
import Secrets
import SystemPackage

/// The whole tool: reads the command line, runs the command, shows what went wrong, and says with which code the process should end.
public enum CommandLineTool {
  /// Runs the command and ends the process with the exit code of the contract.
  ///
  /// The process ends without exit handlers. They are the modules' and their libraries' as well, which have been finalized by then or
  /// hang: they would wait for a call that does not return, or take away what a thread that is just ending still uses. What was answered
  /// has been written, unbuffered.
  ///
  /// - Parameter arguments: the command line without the program's name.
  public static func run(_ arguments: [String]) async -> Never {
    // Before there is a secret anywhere.
    ProcessMemory.keepFromOthers()
    let exitCode = await runCommand(arguments)
    await LoadedModules.finalizeAll(saysTrouble: exitCode == ExitStatus.done.rawValue)
    _exit(exitCode)
  }

  private static func runCommand(_ arguments: [String]) async -> Int32 {
    occupyStandardDescriptors()
    // A reader that goes away (`| head`) is an error from write, not a death in the middle: modules must be finalized.
    signal(SIGPIPE, SIG_IGN)
    if arguments.prefix(while: { $0 != "--" }).contains("--json") { Console.speakJSON() }
    do {
      var command = try HSMKeyCommand.parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
      return ExitStatus.done.rawValue
    } catch let exit as ExitCode {
      return exit.rawValue
    } catch {
      return conclude(error)
    }
  }

  /// A descriptor that the caller closed would be given to the next file that is opened, and the answer written into that. So it is
  /// opened on `/dev/null`, the wrong way round: whoever uses it gets the error that the closed one would have given.
  private static func occupyStandardDescriptors() {
    for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) == -1 && errno == EBADF {
      _ = try? FileDescriptor.open(FilePath("/dev/null"), number == STDIN_FILENO ? .writeOnly : .readOnly)
    }
  }

  private static func conclude(_ error: any Error) -> Int32 {
    if let translated = ErrorTranslation.translate(error) {
      Console.report(translated)
      return translated.exitStatus.rawValue
    }
    // What is left are ArgumentParser's own: help and version go to stdout, mistakes on the command line are usage errors.
    let text = HSMKeyCommand.fullMessage(for: error, columns: columns)
    guard text.hasPrefix("Error: ") else {
      do {
        try Console.writeAnswer(Array("\(text)\n".utf8))
        return ExitStatus.done.rawValue
      } catch {
        return conclude(error)
      }
    }
    let lines = text.dropFirst("Error: ".count).split(separator: "\n")
    let usage = lines.first { $0.hasPrefix("Usage: ") }
    let message = lines.prefix { !$0.hasPrefix("Help: ") && !$0.hasPrefix("Usage: ") }.joined(separator: " ")
    let report =
      if let usage {
        CommandError.usage(message, hint: "usage: \(usage.dropFirst("Usage: ".count))")
      } else {
        CommandError.fault(error, operation: "run the command")
      }
    Console.report(report)
    return report.exitStatus.rawValue
  }

  /// How wide help is written. ArgumentParser asks the terminal when it is not told, and ends the process on a narrow one.
  private static var columns: Int {
    let wanted = ProcessEnvironment.values(of: ["COLUMNS"])["COLUMNS"].flatMap { Int($0) } ?? 80
    return min(max(wanted, 60), 160)
  }
}
