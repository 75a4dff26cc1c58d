import ArgumentParser
import CertificateService
import Foundation
import X509

/// `hsmkey trust list`
struct TrustListCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The authorities that are trusted, what vouches for each, and how long they live.",
    discussion: """
      Lists the trust folder (trust-folder in the configuration; by default trust, beside the state file) and the files of
      service.response-ca and service.issuer-ca. An authority that ends within a year is told of on stderr: the agency's issuing authorities
      end in 2031.

      --pins shows the fingerprints that are pinned, and where they come from, as a file that trust-pins takes.

      Example: hsmkey trust list --json
      """)
  @OptionGroup var common: CommonOptions

  @Flag(help: "Show the pinned fingerprints and where they come from instead.")
  var pins = false

  struct Pin: Encodable, Sendable {
    let environment: String
    let role: String
    let commonName: String
    let sha256: String
  }

  struct Report: Answer {
    let folder: String
    let authorities: [AuthorityReport]?
    let pins: [Pin]?
    let pinsFile: String?
    let provenance: [String]?
    let text: String

    enum CodingKeys: CodingKey { case folder, authorities, pins, pinsFile, provenance }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let pins = try context.authorityPins()
    let folder = context.trustFolder.path
    if self.pins {
      let provenance = pins.file == nil ? PublishedAuthority.provenance : ["They are those of the file \(pins.file ?? "")."]
      return Report(
        folder: folder, authorities: nil,
        pins: pins.authorities.map {
          Pin(environment: $0.environment.name, role: $0.role.rawValue, commonName: $0.commonName, sha256: $0.sha256)
        }, pinsFile: pins.file, provenance: provenance, text: Console.forTerminal(lines: pins.text))
    }
    let authorities = try context.trustedAuthorities(pins, at: Date())
    for warning in authorities.compactMap(\.warning) { Console.warn(warning) }
    let text =
      authorities.isEmpty
      ? "no authority is trusted: the trust folder \(Console.forTerminal(folder)) is empty; fill it with: hsmkey trust import FILE"
      : authorities.map(\.text).joined(separator: "\n\n")
    return Report(folder: folder, authorities: authorities, pins: nil, pinsFile: pins.file, provenance: nil, text: text)
  }
}

extension CommandContext {
  /// Every authority that is trusted for anything: the folder's, and those of the files that the configuration names.
  func trustedAuthorities(_ pins: AuthorityPins, at now: Date) throws -> [AuthorityReport] {
    var reports = try trustFolder.entries().map { entry in
      try AuthorityReport(
        entry.certificate, environment: entry.environment, role: entry.role, pinnedBy: pins.vouching(for: entry.certificate),
        source: "trust-folder", file: entry.file, at: now)
    }
    let service = settings.file.service
    for (key, files) in [("service.response-ca", service.responseCA), ("service.issuer-ca", service.issuerCA)] {
      for file in files ?? [] {
        for certificate in try certificates(in: file, key: key) {
          let known = try knownAuthority(certificate, pins)
          reports.append(
            try AuthorityReport(
              certificate, environment: try known?.environment ?? serviceEnvironment().authorities, role: known?.role,
              pinnedBy: known == nil ? "configuration" : try pins.vouching(for: certificate), source: key, file: file, at: now))
        }
      }
    }
    return reports
  }
}

extension CommandContext {
  private func certificates(in file: String, key: String) throws -> [Certificate] {
    do {
      return try PEM.certificates(in: try InputOutput.read(file, operation: "read certificates from \(file)"))
    } catch {
      throw CommandError.configuration(error, about: key)
    }
  }
}

extension Console {
  /// The same for a text of several lines.
  static func forTerminal(lines text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { forTerminal(String($0)) }.joined(separator: "\n")
  }
}
