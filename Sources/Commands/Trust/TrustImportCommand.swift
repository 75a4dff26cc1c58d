import ArgumentParser
import CertificateService
import Foundation
import X509

/// `hsmkey trust import FILE…`
struct TrustImportCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Take CA certificates into the trust folder, when their SHA-256 is pinned or given.",
    discussion: """
      Each FILE holds one or more certificates: PEM with lines of any length and any line ends, text between them, or DER. All of them are
      checked before any is taken; one that is not pinned, or belongs to the other environment, refuses all.

      The fingerprints of the agency's authorities are built in; where they come from is told by: hsmkey trust list --pins. They were not
      compared with the agency's own pages by us: do that once. trust-pins: FILE in the configuration replaces them.

      --fingerprint takes the SHA-256 of an authority that is not pinned, from a source that you trust; --role says what it is for, unless
      it is a root.

      Once the authorities of an environment are there, service.response-ca and service.issuer-ca may be left out of the configuration.

      Example: hsmkey trust import production-services-chain.pem production-providers-chain.pem --environment production
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "Files of CA certificates.", completion: .file())
  var files: [String]

  @Option(
    help: "test or production; default: the configured one, or else the one that all of them are pinned for.",
    completion: .list(["test", "production"]))
  var environment: String?

  @Option(help: ArgumentHelp("SHA-256 of an authority that is to be taken although it is not pinned; may be repeated.", valueName: "hex"))
  var fingerprint: [String] = []

  @Option(
    help: "What an authority given by --fingerprint is for: intermediate, customer-issuer or response-issuer; a root needs none.",
    completion: .list(["root", "intermediate", "customer-issuer", "response-issuer"]))
  var role: String?

  struct Report: Answer {
    let environment: String
    let folder: String
    let imported: [AuthorityReport]
    let present: [AuthorityReport]
    /// What the environment still lacks before the settings can be left out.
    let missing: [String]

    var text: String {
      var parts = imported.map { "imported\n\(Self.indented($0.text))" } + present.map { "there already\n\(Self.indented($0.text))" }
      parts.append(
        missing.isEmpty
          ? "the trust folder \(Console.forTerminal(folder)) has what \(environment) needs:"
            + " service.response-ca and service.issuer-ca may be left out"
          : "the trust folder \(Console.forTerminal(folder)) has no \(missing.joined(separator: " and no ")) for \(environment) yet")
      return parts.joined(separator: "\n\n")
    }

    private static func indented(_ text: String) -> String {
      text.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    }
  }

  func validate() throws {
    if let environment, ServiceEnvironment(name: environment) == nil { throw ValidationError("--environment is test or production") }
    if let role, !PublishedAuthority.Role.allCases.map(\.rawValue).contains(role) {
      throw ValidationError("--role is one of \(PublishedAuthority.Role.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    for fingerprint in fingerprint where AuthorityPins.fingerprint(fingerprint) == nil {
      throw ValidationError("--fingerprint is a SHA-256: 64 hexadecimal digits, with or without colons")
    }
    if role != nil, fingerprint.isEmpty { throw ValidationError("--role goes with --fingerprint; what a pinned authority is for is known") }
  }

  private static let operation = "import authorities"

  private struct Candidate {
    let certificate: Certificate
    let file: String
    let sha256: String
    let pinned: PublishedAuthority?
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let pins = try context.authorityPins()
    let candidates = try files.flatMap { try read($0, context, pins) }
    // No fingerprint makes an authority of what is none.
    for candidate in candidates { _ = try Self.checkAuthority(candidate.certificate) }
    let environment = try environment(of: candidates, context)
    var chosen: [(candidate: Candidate, role: PublishedAuthority.Role)] = []
    for candidate in candidates where !chosen.contains(where: { $0.candidate.sha256 == candidate.sha256 }) {
      chosen.append((candidate, try checkedRole(candidate, environment, context, pins)))
    }
    let unused = Set(fingerprint.compactMap(AuthorityPins.fingerprint)).subtracting(candidates.map(\.sha256))
    guard unused.isEmpty else {
      throw refusal(
        "no certificate in the files has the SHA-256 \(unused.sorted().joined(separator: ", "))",
        "compare what you were told with: openssl x509 -in FILE -noout -fingerprint -sha256")
    }
    try refuseUnusable(chosen.map { ($0.candidate.certificate, $0.role) }, environment, context, pins)
    let now = Date()
    var (imported, present): ([AuthorityReport], [AuthorityReport]) = ([], [])
    for (candidate, role) in chosen {
      let (file, isNew) = try context.trustFolder.add(candidate.certificate, role, environment)
      let report = try AuthorityReport(
        candidate.certificate, environment: environment, role: role, pinnedBy: pins.vouching(for: candidate.certificate),
        source: "trust-folder", file: file, at: now)
      if isNew { imported.append(report) } else { present.append(report) }
      if let warning = report.warning { Console.warn(warning) }
    }
    let there = Set(try context.trustFolder.entries(of: [environment]).map(\.role))
    let needed: [PublishedAuthority.Role] = [.root, .customerIssuer, .responseIssuer]
    return Report(
      environment: environment.name, folder: context.trustFolder.path, imported: imported, present: present,
      missing: needed.filter { !there.contains($0) }.map(\.rawValue))
  }

  /// Refuses what would leave a folder that no other command takes, before anything is written.
  private func refuseUnusable(
    _ added: [(certificate: Certificate, role: PublishedAuthority.Role)], _ environment: ServiceEnvironment, _ context: CommandContext,
    _ pins: AuthorityPins
  ) throws {
    let folder = context.trustFolder
    let present = try folder.entries(of: [environment])
    let entries = try present + added.map { try folder.entry(for: $0.certificate, $0.role, environment) }
    do {
      try context.checkTrust(entries, in: environment, pins)
    } catch let error as CommandError {
      // A file that is not there yet cannot be taken away.
      let isAboutPresent = error.hints.contains { hint in present.contains { hint.hasSuffix($0.file) } }
      let hints =
        error.rule != CommandRule.trustRoles.rawValue || isAboutPresent
        ? error.hints : ["import the authorities that it has issued in the same command; without them no command could use the folder"]
      throw CommandError(
        .ruleRefused, code: "rule-refused", rule: error.rule, operation: Self.operation, message: "nothing was imported: \(error.message)",
        hints: hints)
    }
  }

  private func read(_ file: String, _ context: CommandContext, _ pins: AuthorityPins) throws -> [Candidate] {
    let bytes = try InputOutput.read(file, operation: "read certificates from \(file)")
    let certificates: [Certificate]
    do {
      certificates = try PEM.certificates(in: bytes)
    } catch {
      throw CommandError(
        .inputData, code: error.code.rawValue, rule: error.rule?.rawValue, operation: "read certificates from \(file)",
        message: error.message,
        hints: [error.hint])
    }
    return try certificates.map { certificate in
      Candidate(
        certificate: certificate, file: file, sha256: try PublishedAuthority.fingerprint(of: certificate),
        pinned: try context.knownAuthority(certificate, pins))
    }
  }

  /// The one environment that this import is for.
  private func environment(of candidates: [Candidate], _ context: CommandContext) throws -> ServiceEnvironment {
    if let named = (environment ?? context.settings.file.service.environment).flatMap(ServiceEnvironment.init(name:)) { return named }
    let pinned = Set(candidates.compactMap(\.pinned?.environment))
    guard pinned.count <= 1 else {
      throw CommandError.refused(
        .trustEnvironment, operation: Self.operation, message: "the files hold authorities of test and of production",
        hint: "import them one environment at a time, from files of their own")
    }
    guard let only = pinned.first else {
      throw CommandError.usage(
        "nothing says which environment the authorities are for", hint: "add --environment test or --environment production")
    }
    return only
  }

  /// What an authority is for, once everything about it is known to be right.
  private func checkedRole(
    _ candidate: Candidate, _ environment: ServiceEnvironment, _ context: CommandContext, _ pins: AuthorityPins
  ) throws -> PublishedAuthority.Role {
    let name = "\(candidate.certificate.subject.readable) in \(candidate.file)"
    if let pinned = candidate.pinned, pinned.environment != environment {
      throw CommandError.refused(
        .trustEnvironment, operation: Self.operation,
        message: "\(name) is an authority of \(pinned.environment), and this is for \(environment)",
        hint: "test and production never mix; import it with --environment \(pinned.environment)")
    }
    let isGiven = fingerprint.compactMap(AuthorityPins.fingerprint).contains(candidate.sha256)
    let isPinned = try pins.authority(of: candidate.certificate) != nil
    guard isPinned || isGiven else {
      throw refusal(
        "\(name) has the SHA-256 \(candidate.sha256), which is not pinned",
        "if the agency itself tells you this fingerprint, add: --fingerprint \(candidate.sha256)")
    }
    let isRoot = try Self.checkAuthority(candidate.certificate)
    if let pinned = candidate.pinned {
      if let role, role != pinned.role.rawValue, isGiven {
        throw CommandError.refused(
          .trustRoles, operation: Self.operation, message: "\(name) is a \(pinned.role), and --role says \(role)",
          hint: "leave --role out: what this authority is for is known")
      }
      return pinned.role
    }
    guard let role = role.map(PublishedAuthority.Role.init(rawValue:)) ?? (isRoot ? .root : nil) else {
      throw CommandError.usage(
        "nothing says what \(name) is for", hint: "add --role intermediate, --role customer-issuer or --role response-issuer")
    }
    if isRoot { return .root }
    guard role != .root else {
      throw CommandError.refused(
        .trustRoles, operation: Self.operation, message: "\(name) is no root: \(candidate.certificate.issuer.readable) has issued it")
    }
    return role
  }

  /// - Returns: whether it is a root, whose own signature then holds.
  private static func checkAuthority(_ certificate: Certificate) throws -> Bool {
    let isRoot = certificate.subject == certificate.issuer
    do {
      _ = try TrustAnchors(certificates: [certificate])
    } catch {
      // One that is no root is no anchor by itself; that it is an authority has been checked before that.
      guard error.rule == .trustAnchor, !isRoot else { throw error }
    }
    return isRoot
  }

  private func refusal(_ message: String, _ hint: String) -> CommandError {
    .refused(.trustFingerprint, operation: Self.operation, message: message, hint: hint)
  }
}
