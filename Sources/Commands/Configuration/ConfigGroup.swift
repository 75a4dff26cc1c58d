import ArgumentParser
import PKCS11
import Secrets
import TokenKeys

/// `hsmkey config …`
struct ConfigGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "The effective settings.", subcommands: [ConfigShowCommand.self])
}

/// `hsmkey config show`
struct ConfigShowCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Every setting, its value, and where the value came from. Never a secret.")
  @OptionGroup var common: CommonOptions

  struct Entry: Encodable, Sendable {
    let name: String
    let value: String?
    let origin: String
  }

  struct Report: Answer {
    let file: String?
    let settings: [Entry]

    var text: String {
      Console.facts(settings.map { ($0.name, "\($0.value ?? "not set")  (\($0.origin))") })
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let settings = context.settings
    let file = settings.file
    let fileOrigin = file.path.map { Origin.file($0).description } ?? ""
    func entry(_ name: String, _ setting: Setting<String>?) -> Entry {
      Entry(name: name, value: setting?.value, origin: setting?.origin.description ?? Origin.builtIn.description)
    }
    func entry(_ name: String, _ value: String?, default fallback: String? = nil) -> Entry {
      Entry(name: name, value: value ?? fallback, origin: value == nil ? Origin.builtIn.description : fileOrigin)
    }
    let service = file.service
    // What is no source or no URI may be a secret that somebody put in the wrong place: it is refused, and never shown.
    _ = try context.secretSource(settings.pinSource, saysWarning: false)
    _ = try context.tokenURI()
    var entries = [
      entry("config", settings.config), entry("log-level", settings.logLevel),
      entry("token.module", settings.module), entry("token.module-owner", settings.moduleOwner),
      entry("token.module-sha256", settings.moduleSHA256), entry("token.uri", settings.token),
      entry("token.pin-source", settings.pinSource),
      entry("token.pin-memory", settings.pinMemory), entry("token.sessions", settings.sessions.map(String.init)),
      entry("token.deadline", settings.deadline.map(Self.shown)),
      entry("token.key-generation-deadline", settings.keyGenerationDeadline.map(Self.shown)),
      entry("token.initialization-string", settings.initializationString),
      entry("policy.profile", settings.policy.map(\.name)),
      entry("policy.waivers", settings.policy.map { $0.waivers.isEmpty ? "none" : $0.waivers.map(\.description).joined(separator: "; ") }),
      entry("state", settings.state), entry("trust-folder", settings.trustFolder), entry("trust-pins", settings.trustPins),
      entry("audit.auditor-key", file.audit.auditorKey),
      entry("service.environment", service.environment), entry("service.endpoint", service.endpoint, default: "the environment's own"),
      entry("service.tls-ca", service.tlsCA, default: "the system's trust"),
      entry("service.response-ca", service.responseCA?.joined(separator: ", "), default: "the trust folder"),
      entry("service.issuer-ca", service.issuerCA?.joined(separator: ", "), default: "the trust folder"),
      entry("service.first-wait", service.firstWait.map(Self.shown), default: "30s"),
      entry("service.poll-interval", service.pollInterval.map(Self.shown), default: "45s"),
      entry("service.poll-jitter", service.pollJitter.map(Self.shown), default: "a tenth of the interval"),
      entry("service.give-up-after", service.giveUpAfter.map(Self.shown), default: "10m"),
      entry("service.timeout", service.timeout.map(Self.shown), default: "1m"), entry("service.proxy", service.proxy, default: "none"),
      entry("service.plain-http-to-loopback", service.plainHTTPToLoopback.map(String.init), default: "false"),
      entry("service.renewal-transforms", service.renewalTransforms, default: "enveloped-and-exclusive"),
      entry("service.allowed-issuers", service.allowedIssuers?.joined(separator: "; "), default: "any"),
      entry("service.revocation", service.revocation, default: "off"),
      entry("service.revocation-lists", service.revocationLists?.joined(separator: ", "), default: "none"),
      entry("service.test-bench", service.testBench.map(String.init), default: "false"),
      entry("service.permanent-codes", service.permanentCodes?.joined(separator: ", "), default: "none"),
      entry("service.not-ready-codes", service.notReadyCodes?.joined(separator: ", "), default: "none"),
      entry("service.uncertain-renewal", service.uncertainRenewal, default: "ask"),
      entry("renewal-spread", file.renewalSpread.map(Self.shown), default: "5d"),
    ]
    for certificate in file.certificates {
      let prefix = "certificates.\(certificate.name)"
      entries += [
        entry("\(prefix).customer-id", certificate.customerID), entry("\(prefix).customer-name", certificate.customerName),
        entry("\(prefix).algorithm", certificate.algorithm, default: "rsa-2048"),
        entry("\(prefix).certificate-file", certificate.certificateFile),
        entry("\(prefix).after-change", certificate.afterChange?.joined(separator: " ")),
      ]
    }
    return Report(file: file.path, settings: entries)
  }

  /// In the largest unit that the file knows and that leaves nothing over: `5d`, `90s`.
  private static func shown(_ duration: Duration) -> String {
    let seconds = duration.components.seconds
    let units: [(seconds: Int64, name: String)] = [(86_400, "d"), (3600, "h"), (60, "m")]
    let unit = units.first { seconds > 0 && seconds % $0.seconds == 0 } ?? (1, "s")
    return "\(seconds / unit.seconds)\(unit.name)"
  }
}
