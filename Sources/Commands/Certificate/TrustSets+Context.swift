import CertificateService
import X509

extension CommandContext {
  /// The two sets of authorities, held against each other: who may sign answers (`response-ca`), who may issue our certificates
  /// (`issuer-ca`).
  func trustSets() throws -> TrustSets {
    let service = settings.file.service
    let environment = try serviceEnvironment().authorities
    let needsFolder = [service.responseCA, service.issuerCA].contains { $0?.isEmpty ?? true }
    let entries = needsFolder ? try trustFolder.entries(of: [environment]) : []
    guard let responses = try trustSource(service.responseCA, entries, .responseIssuer) else {
      throw missing(.responseIssuer, environment)
    }
    guard let issuers = try trustSource(service.issuerCA, entries, .customerIssuer) else { throw missing(.customerIssuer, environment) }
    return try TrustSets(responses: responses, issuers: issuers, environment: environment, pins: try authorityPins())
  }

  /// Checks what the trust folder would hold as every command does that uses it, beside the files that are configured and by itself. A
  /// purpose that nobody is there for yet is no error here.
  ///
  /// - Parameter entries: everything of the environment, and what is to come to it.
  func checkTrust(_ entries: [TrustFolder.Entry], in environment: ServiceEnvironment, _ pins: AuthorityPins) throws {
    guard entries.contains(where: { $0.role == .root }) else { return }
    let service = settings.file.service
    let isConfigured = service.environment == environment.name
    let configured: [([String]?, [String]?)] = isConfigured ? [(service.responseCA, service.issuerCA)] : []
    for (responseFiles, issuerFiles) in [(nil, nil)] + configured {
      guard let responses = try trustSource(responseFiles, entries, .responseIssuer),
        let issuers = try trustSource(issuerFiles, entries, .customerIssuer)
      else { continue }
      _ = try TrustSets(responses: responses, issuers: issuers, environment: environment, pins: pins)
    }
  }

  /// The authorities of a setting; without it, those of the trust folder: the roots and intermediates, and the issuing ones of a role.
  ///
  /// - Returns: nil where the folder has no issuing authority of that role.
  private func trustSource(
    _ files: [String]?, _ entries: [TrustFolder.Entry], _ role: PublishedAuthority.Role
  ) throws -> TrustSource? {
    if let files, !files.isEmpty {
      let key = Self.setting(role)
      do {
        return TrustSource(anchors: try TrustAnchors(files: files), name: key)
      } catch {
        throw CommandError.configuration(error, about: key)
      }
    }
    guard entries.contains(where: { $0.role == role }) else { return nil }
    let used = entries.filter { [.root, .intermediate, role].contains($0.role) }
    let name = "the trust folder \(trustFolder.path)"
    do {
      return TrustSource(
        anchors: try TrustAnchors(certificates: used.map(\.certificate)), name: name,
        files: Dictionary(used.map { ($0.certificate, $0.file) }) { first, _ in first })
    } catch {
      throw CommandError.configuration(error, about: name)
    }
  }

  private func missing(_ role: PublishedAuthority.Role, _ environment: ServiceEnvironment) -> CommandError {
    .configuration(
      "\(Self.setting(role)) is not configured, and the trust folder \(trustFolder.path) has no \(role) for \(environment)",
      operation: "set up the certificate service",
      hint:
        "take the agency's CA certificates into it with: hsmkey trust import FILE…; or list their files for this environment in "
        + "\(Self.setting(role)): root, intermediate and issuing CA")
  }

  private static func setting(_ role: PublishedAuthority.Role) -> String {
    role == .responseIssuer ? "service.response-ca" : "service.issuer-ca"
  }
}
