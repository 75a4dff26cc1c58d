import CertificateLifecycle
import CertificateService
import Foundation
import HTTPSTransport
import X509

/// The steps about everything but the token: the state file, the authorities that are trusted, the way to the service.
enum DoctorService {
  /// Whether the configuration says anything of the certificate service.
  private static func isConfigured(_ context: CommandContext) -> Bool {
    let file = context.settings.file
    return file.service.environment != nil || file.service.endpoint != nil || !file.certificates.isEmpty
  }

  private static let notConfigured = NotChecked(reason: "no certificate service is configured (service.environment)")

  /// Whether the state file can be used, and is what was written to it: nobody else looks at that when nobody is there.
  static func state(_ context: CommandContext) throws -> Finding<Void> {
    let setting = context.settings.state
    if let store = try context.existingStore() {
      try store.verifyHistory()
      return .ok("\(setting.value) (\(setting.origin)), owner-only; its history is whole, and its records are those of the history")
    }
    guard isConfigured(context) else { throw NotChecked(reason: "there is none, and no certificate service is configured") }
    var folder = URL(filePath: setting.value).deletingLastPathComponent()
    while folder.path != "/", !FileManager.default.fileExists(atPath: folder.path) { folder.deleteLastPathComponent() }
    guard FileManager.default.isWritableFile(atPath: folder.path) else {
      throw CommandError.configuration(
        "\(setting.value) does not exist, and user \(geteuid()) cannot make it in \(folder.path) (\(setting.origin))",
        operation: "look at the state", hint: "set state: in the configuration, or make the folder, owned by that user, mode 0700")
    }
    return .ok("\(setting.value) (\(setting.origin)) is not there yet; the first enrolment makes it")
  }

  /// Who may sign answers, who may issue certificates.
  static func trust(_ context: CommandContext, at now: Date) throws -> Finding<Void> {
    guard isConfigured(context) else { throw notConfigured }
    let environment = try context.serviceEnvironment().authorities
    let sets: TrustSets
    do {
      sets = try context.trustSets()
    } catch {
      // Which file it is stands in what was being done.
      guard let known = ErrorTranslation.translate(error), known.rule == nil || known.hints.isEmpty else { throw error }
      throw CommandError(
        known.exitStatus, code: known.code, rule: known.rule, operation: known.operation, message: "\(known.operation): \(known.message)",
        hints: known.hints.isEmpty ? ["name files with the agency's CA certificates that this user can read"] : known.hints)
    }
    let pins = try context.authorityPins()
    let service = context.settings.file.service
    var details: [String] = []
    var troubles: [String] = []
    for (name, files, set) in [("response-ca", service.responseCA, sets.responses), ("issuer-ca", service.issuerCA, sets.issuers)] {
      let all = set.anchors + set.intermediates
      let isFolder = files?.isEmpty ?? true
      let pinned = try all.filter { try pins.authority(of: $0) != nil }.count
      details.append(
        "\(name): \(isFolder ? "the trust folder \(context.trustFolder.path), " : "")\(all.count) authorities, \(pinned) of them"
          + (pins.file.map { " pinned by \($0)" } ?? " published by the agency for \(environment)"))
      for authority in all {
        let subject = authority.subject.readable
        let left = authority.notValidAfter.timeIntervalSince(now) / 86400
        if left < 0 {
          troubles.append("\(subject) of \(name) expired on \(authority.notValidAfter.ISO8601Format())")
        } else if left < Double(AuthorityReport.warningDays) {
          troubles.append("\(subject) of \(name) ends in \(Int(left).days), on \(authority.notValidAfter.ISO8601Format())")
        }
        if authority.notValidBefore > now { troubles.append("\(subject) of \(name) is not valid yet") }
      }
      // What is in the folder without a pin was vouched for by whoever gave its fingerprint.
      if pinned < all.count, !isFolder { troubles.append("\(all.count - pinned) of \(name) are not published by the agency") }
    }
    details.append(
      "revocation lists: \(service.revocation ?? "off")" + (service.revocationLists.map { " (\($0.joined(separator: ", ")))" } ?? ""))
    guard troubles.isEmpty else {
      return .warning(
        troubles.joined(separator: "; "), details: details,
        hint: "for the agency's own service take its published CA certificates; a test service of your own has its own")
    }
    return .ok("every authority is vouched for, for \(environment)", details: details)
  }

  /// Connects to the service and hangs up. No request is sent.
  static func connect(_ context: CommandContext, isOffline: Bool) async throws -> Finding<Void> {
    guard isConfigured(context) else { throw notConfigured }
    guard !isOffline else { throw NotChecked(reason: "--offline") }
    let (transport, endpoint) = try context.serviceTransport()
    do {
      try await transport.connect(to: endpoint)
    } catch {
      let isOurs = [.url, .plainHTTP, .trust, .library, .header].contains(error.rule)
      throw CommandError(
        isOurs ? .configuration : .unreachable, code: "unreachable", rule: error.rule.rawValue, operation: error.operation,
        message: "\(endpoint): \(error.message)", hints: [error.hint])
    }
    if context.isTestBench {
      return .warning(
        "\(endpoint): the agency's test bench", hint: "its certificates are useless; take service.test-bench out for real ones")
    }
    let how = endpoint.hasPrefix("https") ? "TLS connection made and its certificate accepted" : "connection made, without TLS"
    return .ok("\(endpoint): \(how); nothing was sent")
  }
}
