import Glibc
import HTTPSTransport

/// Sends one request in a process, an environment and a home folder of its own: `transport-probe CA-FILE URL [--search-memory]`.
/// Prints the body of the answer, or the error on standard error with exit code 1.
@main
struct TransportProbe {
  static func main() async {
    do {
      let transport = try HTTPSTransport(.init(trust: .file(CommandLine.arguments[1])))
      guard CommandLine.arguments.contains("--search-memory") else {
        return print(try await answer(transport, Array("<request/>".utf8)))
      }
      var body = [UInt8](repeating: 0x20, count: 5000)
      let marker = Marker()
      for offset in stride(from: 0, to: 4900, by: 100) { marker.write(into: &body, at: offset) }
      print(try await answer(transport, body))
      print("while the body lives:", marker.occurrencesInMemory() > 0 ? "found" : "not found")
      for index in body.indices { body[index] = 0 }
      print("afterwards:", marker.occurrencesInMemory())
    } catch {
      let text = Array("refused: \(error)\n".utf8)
      unsafe _ = write(2, text, text.count)
      exit(1)
    }
  }

  private static func answer(_ transport: HTTPSTransport, _ body: [UInt8]) async throws -> String {
    String(decoding: try await transport.post(body, to: CommandLine.arguments[2], headers: []).body, as: UTF8.self)
  }
}
