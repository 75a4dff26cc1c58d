import Foundation
import TestSupport
import Testing

/// A service bench with an enrolled certificate, and real servers that demand it.
struct ConsumerBench {
  let service: ServiceBench
  /// The CA of the consumers' own certificates.
  let authority: NginxAuthority
  /// A CA that has nothing to do with the agency.
  let stranger: NginxAuthority
  var bench: Bench { service.bench }

  static func with(_ body: (ConsumerBench) async throws -> Void) async throws {
    try await ServiceBench.with { service in
      try await service.enrol()
      try await body(
        ConsumerBench(service: service, authority: try await NginxAuthority(), stranger: try await NginxAuthority(name: "Another CA")))
    }
  }

  /// A server that demands a certificate of the agency's, of which it knows the root only: the rest of the chain must be sent.
  ///
  /// - Parameter verification: in nginx's words, where it is not to demand one.
  func consumer(
    protocols: String = "TLSv1.2 TLSv1.3", verification: String = "on", settings: [String] = []
  ) async throws -> NginxServer {
    try await NginxServer(
      authority: authority, protocols: protocols, clients: bench.folder.path("trust/providers-root.pem"), verification: verification,
      settings: settings)
  }

  /// A server that knows another CA.
  func strangersConsumer() async throws -> NginxServer {
    try await NginxServer(authority: authority, clients: stranger.certificatePath)
  }

  /// Writes the configuration with these consumers.
  ///
  /// - Parameter lines: what each has in addition.
  func configure(_ consumers: [(name: String, address: String)], lines: [String] = []) throws {
    var settings = ServiceBench.Settings()
    settings.certificate.append("consumers:")
    for (name, address) in consumers {
      settings.certificate += ["  - name: \(name)", "    address: \(address)", "    tls-ca: \(authority.certificatePath)"]
      settings.certificate += lines.map { "    " + $0.replacing("NAME", with: name) }
    }
    try service.write(settings)
  }

  /// `certificate probe payroll`, which ends with this code.
  func probe(
    _ exitCode: Int, _ arguments: String..., environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> JSON {
    let result = try await bench.hsmkey(["certificate", "probe", "payroll", "--json"] + arguments, environment: environment)
    try #require(result.exitCode == exitCode, "\(result.standardError)\(result.standardOutput)", sourceLocation: sourceLocation)
    return try JSON(parsing: result.standardOutput)
  }

  /// All that is told of the certificate.
  func status() async throws -> JSON { try await bench.object("certificate", "status", "payroll")["certificates"][0] }

  /// The serial number of the certificate in use.
  func activeSerial() async throws -> String { try #require(try await service.status()["certificate"]["serial"].string) }
}
