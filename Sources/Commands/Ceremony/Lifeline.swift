import Foundation
import Subprocess
import SystemPackage

/// A program that runs beside this one and learns from the end of its standard input that this one is gone: the kernel closes the pipe
/// whatever this process dies of. What the program writes on standard output can be read line by line.
final class Lifeline: Sendable {
  private let input: FileDescriptor?
  private let running: Task<Void, Never>
  /// Lines of standard output, until it ends.
  let lines: AsyncStream<String>

  init(_ program: String, _ arguments: [String]) {
    let (stream, continuation) = AsyncStream.makeStream(of: String.self)
    lines = stream
    let pipe = try? FileDescriptor.pipe(options: .closeOnExec)
    input = pipe?.writeEnd
    running = Task {
      defer { continuation.finish() }
      guard let pipe else { return }
      var options = PlatformOptions()
      options.createSession = true
      _ = try? await Subprocess.run(
        .path(FilePath(program)), arguments: Arguments(arguments), platformOptions: options,
        input: .fileDescriptor(pipe.readEnd, closeAfterSpawningProcess: true), output: .sequence, error: .discarded
      ) { execution in
        var rest = Data()
        for try await part in execution.standardOutput {
          rest.append(Data(buffer: part))
          while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            continuation.yield(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
            rest = Data(rest[(end + 1)...])
          }
        }
      }
    }
  }

  /// Closes the pipe (no other program has got it: it is closed on exec), and waits until the program has ended.
  func end() async {
    try? input?.close()
    await running.value
  }
}
