import Glibc
import Secrets

/// Reads one secret as a real program on a real terminal does, and tells only its length.
/// `secrets-probe SOURCE [--confirm]`; exit code 0, or 1 with the error on standard error.
@main
struct SecretsProbe {
  static func main() {
    do {
      let source = try SecretSource(parsing: CommandLine.arguments.dropFirst().first ?? "prompt")
      let secret = try source.read(purpose: "User PIN for token payroll", confirm: CommandLine.arguments.contains("--confirm"))
      print("got \(secret.count) bytes")
    } catch {
      let text = Array("refused: \(error)\n".utf8)
      unsafe _ = write(2, text, text.count)
      exit(1)
    }
  }
}
