import TestSupport

/// `openssl s_server`, which ends a connection by an alert where nginx answers; gone with this object.
final class OpenSSLServer: Sendable {
  let port: Int
  private let folder: TemporaryFolder
  private let process: ChildProcess
  private let lifeline: Lifeline

  var address: String { "https://localhost:\(port)/" }

  /// - Parameters:
  ///   - authority: whose certificate the server has, and clients should have.
  ///   - arguments: further ones.
  ///   - log: what it says.
  init(_ authority: NginxAuthority, _ arguments: [String], log: String? = nil) async throws {
    folder = try TemporaryFolder()
    let (certificate, key) = try await authority.server()
    let port = try LoopbackSocket.freePort()
    self.port = port
    (process, lifeline) = try ChildProcess.server(
      "openssl",
      ["s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate, "-key", key, "-CAfile", authority.certificatePath, "-www"]
        + arguments,
      log: log ?? folder.path("log"))
    try await eventually("openssl s_server") { LoopbackSocket.accepts(port) ? () : nil }
  }

  deinit { process.end() }
}
