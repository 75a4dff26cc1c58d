import Glibc
import Secrets

/// Reads one secret as a real program on a real terminal does, and tells only its length.
/// `secrets-probe SOURCE [--confirm] [--again]`, or `secrets-probe line` for a line of text; exit code 0, or 1 with the error on
/// standard error.
@main
struct SecretsProbe {
  static func main() {
    do {
      if CommandLine.arguments.dropFirst().first == "line" { return try askForLine() }
      let source = try SecretSource(parsing: CommandLine.arguments.dropFirst().first ?? "prompt")
      try read(source)
      if CommandLine.arguments.contains("--again"), let name = source.environmentVariable { try readAgain(source, name) }
    } catch {
      let text = Array("refused: \(error)\n".utf8)
      unsafe _ = write(2, text, text.count)
      exit(1)
    }
  }

  private static func askForLine() throws {
    let line = try TerminalLine(["The bag is\u{1b}[2J sealed."], prompt: "Number of the bag: ").ask()
    print("got <\(line)>, \(line.utf8.count) bytes")
  }

  private static func read(_ source: SecretSource, _ what: String = "") throws {
    let secret = try source.read(purpose: "User PIN for token payroll", confirm: CommandLine.arguments.contains("--confirm"))
    print("\(what)got \(secret.count) bytes")
  }

  /// A variable once more, and what is left of it where others look.
  private static func readAgain(_ source: SecretSource, _ name: String) throws {
    try read(source)
    print("variable: \(ProcessEnvironment.values(of: [name])[name] ?? "gone")")
    print("others see: \(environment().first { $0.hasPrefix(name + "=") } ?? "nothing")")
    unsafe _ = setenv(name, "1234", 1)
    try read(source, "set anew: ")
  }

  /// The environment as other processes see it.
  private static func environment() -> [String] {
    guard let file = unsafe fopen("/proc/self/environ", "r") else { return [] }
    defer { unsafe _ = fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = unsafe fgetc(file), byte >= 0 { bytes.append(UInt8(byte)) }
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }
}
