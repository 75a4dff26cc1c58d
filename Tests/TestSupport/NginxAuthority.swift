import Foundation

/// A certification authority of one test's own, made by openssl: P-256, valid for a few days.
public final class NginxAuthority: Sendable {
  private let folder: TemporaryFolder
  /// The CA certificate, PEM.
  public var certificatePath: String { folder.path("ca.pem") }

  public init(name: String = "Test HTTPS CA") async throws {
    folder = try TemporaryFolder()
    try await openssl(
      ["req", "-x509"] + Self.newKey + [
        "-keyout", folder.path("ca.key"), "-out", folder.path("ca.pem"), "-days", "3", "-subj", "/CN=\(name)",
      ]
        + ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"])
  }

  /// A server certificate and its key.
  ///
  /// - Parameters:
  ///   - names: the subject alternative names, in openssl's words: `DNS:localhost`, `IP:127.0.0.1`.
  ///   - days: negative for a certificate that has expired.
  public func server(names: [String] = ["DNS:localhost", "IP:127.0.0.1"], days: Int = 2) async throws -> (certificate: String, key: String)
  {
    let name = "server-\(names.joined().utf8.reduce(days & 0xffff) { ($0 &* 31 &+ Int($1)) & 0xffff_ffff })"
    let (certificate, key, request) = (folder.path(name + ".pem"), folder.path(name + ".key"), folder.path(name + ".csr"))
    try await openssl(["req", "-new"] + Self.newKey + ["-keyout", key, "-out", request, "-subj", "/CN=test server"])
    let extensions = "subjectAltName=\(names.joined(separator: ","))\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\n"
    try folder.write(extensions.utf8, to: name + ".ext")
    try await openssl(
      [
        "x509", "-req", "-in", request, "-out", certificate, "-CA", folder.path("ca.pem"), "-CAkey", folder.path("ca.key"),
        "-CAcreateserial",
      ]
        + ["-days", "\(days)", "-extfile", folder.path(name + ".ext")])
    return (certificate, key)
  }

  /// A client's certificate and its key.
  ///
  /// - Parameters:
  ///   - key: in the words of `openssl req -newkey`: `rsa:2048`, or the name of a curve.
  ///   - days: negative for a certificate that has expired.
  public func client(named name: String, key kind: String = "P-256", days: Int = 2) async throws -> (certificate: String, key: String) {
    let file = "client-\(name.utf8.reduce(days & 0xffff) { ($0 &* 31 &+ Int($1)) & 0xffff_ffff })-\(kind.filter { $0 != ":" })"
    let (certificate, key, request) = (folder.path(file + ".pem"), folder.path(file + ".key"), folder.path(file + ".csr"))
    let newKey = kind.contains(":") ? ["-newkey", kind] : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:\(kind)"]
    try await openssl(["req", "-new"] + newKey + ["-nodes", "-keyout", key, "-out", request, "-subj", "/CN=\(name)"])
    try folder.write("extendedKeyUsage=clientAuth\nkeyUsage=critical,digitalSignature\n".utf8, to: file + ".ext")
    try await openssl(
      ["x509", "-req", "-in", request, "-out", certificate, "-CA", folder.path("ca.pem"), "-CAkey", folder.path("ca.key")]
        + ["-CAcreateserial", "-days", "\(days)", "-extfile", folder.path(file + ".ext")])
    return (certificate, key)
  }

  /// A client's certificate for a request, PEM, with the request's subject and key; beside the request.
  public func client(signing request: String) async throws -> String {
    let (certificate, extensions) = (request + ".pem", request + ".ext")
    try Data("extendedKeyUsage=clientAuth\nkeyUsage=critical,digitalSignature\n".utf8).write(to: URL(filePath: extensions))
    try await openssl(
      ["x509", "-req", "-in", request, "-out", certificate, "-CA", folder.path("ca.pem"), "-CAkey", folder.path("ca.key")]
        + ["-CAcreateserial", "-days", "2", "-extfile", extensions])
    return certificate
  }

  private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

  private func openssl(_ arguments: [String]) async throws {
    let result = try await run("openssl", arguments, in: folder.path)
    guard result.succeeded else { throw ChildProcessError("openssl \(arguments): \(result.standardError)") }
  }
}
