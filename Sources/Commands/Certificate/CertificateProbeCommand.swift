import ArgumentParser
import CertificateLifecycle
import CertificateService
import Foundation
import HTTPSTransport
import TokenKeys
import X509

/// `hsmkey certificate probe NAME`
struct CertificateProbeCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe", abstract: "Ask the certificate's consumers whether they accept it: a TLS handshake with the key on the token.",
    discussion: """
      Consumers are the servers at which the certificate is used, as configured under certificates.NAME.consumers; a new certificate may
      take days to be known to them. One accepts the certificate when it asks for it, the token has signed, and it then answers a GET
      otherwise than by a refusal (an alert, 400, 401, 403, a redirection), with which it answers a client without a certificate. That is
      kept in the state, and lets an earlier certificate be retired; a consumer with a certificate-file of its own gets the certificate
      there, and its after-change program is run, again at each probe until it ends well. Of an --address nothing is kept.
      Where the certificate is refused, the one before is tried as well: it tells the consumer's trouble from the certificate's.

      Exit code 0: all accept it. 75: at least one does not yet, or its program failed; run it again. 69: at least one cannot be reached.
      78: at least one never asks for a certificate, or lets in clients without one, so its answer proves nothing. What could not be kept
      or written for a consumer has the exit code of its error; the others are asked all the same.

      Example: hsmkey certificate probe payroll
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String

  @Option(help: ArgumentHelp("Only this consumer.", valueName: "name"))
  var consumer: String?

  @Option(help: ArgumentHelp("Ask this address, an https URL, instead of the configured consumers; nothing is kept.", valueName: "url"))
  var address: String?

  @Option(
    help: ArgumentHelp("With --address: trust the server certificates of this PEM file only.", valueName: "file"), completion: .file())
  var tlsCa: String?

  @Option(help: ArgumentHelp("The serial number of an earlier certificate, instead of the one in use.", valueName: "hex"))
  var serial: String?

  func validate() throws {
    if consumer != nil && address != nil { throw ValidationError("give --consumer or --address") }
    if tlsCa != nil && address == nil {
      throw ValidationError("--tls-ca goes with --address; consumers have their own in the configuration")
    }
  }

  func answer(_ context: CommandContext) async throws -> ProbeReport {
    // What needs no token is looked at before anybody is asked for a PIN.
    let plan = try context.plan(named: name)
    let consumers = try chosen(context)
    for consumer in consumers { try checkAddress(consumer, context) }
    let (record, active) = try certificates(context)
    let candidates = [active] + record.previous
    let installed = try chosen(among: candidates)
    let issuers = try context.trustSets().issuers
    let (lifecycle, keys) = try await context.lifecycle()

    let identity = try await context.client(installed, keys: keys, issuers: issuers)
    let before = candidates.drop { $0 != installed }.dropFirst().first
    var answers: [ProbeReport.Consumer] = []
    for consumer in consumers {
      context.progress("\(plan.name): asks \(consumer.name)")
      let result = try await probe(consumer, identity, context)
      let proof = try proof(result, consumer, installed)
      var cutOver = ConsumerCutOver()
      // What somebody asks by the way is no consumer, and what an earlier certificate is accepted for proves nothing for this one.
      if let proof, installed == active, address == nil {
        cutOver = try await ConsumerCutOver(proof, consumer, of: plan.name, lifecycle, context)
      }
      let previous = result.isRefusal ? try await probePrevious(before, consumer, context, keys, issuers) : nil
      answers.append(
        ProbeReport.Consumer(
          consumer: consumer.name, address: consumer.address, result: result, cutOver: cutOver, previous: previous,
          nextStep: nextStep(after: result, cutOver, previous)))
    }
    return ProbeReport(name: plan.name, serial: try installed.serial(), isActive: installed == active, consumers: answers)
  }

  // MARK: What is asked, and with what

  private func checkAddress(_ consumer: ConfigurationFile.Consumer, _ context: CommandContext) throws {
    do {
      _ = try context.consumerTransport(consumer, nil)
    } catch let error as CommandError where address != nil {
      let isAddress = [TransportRule.url, .plainHTTP].contains { $0.rawValue == error.rule }
      throw CommandError(
        .usage, code: "usage", rule: error.rule, operation: "read the command line",
        message: isAddress ? "--address: \(consumer.address) is no https URL" : error.message,
        hints: isAddress ? ["write it as https://HOST/PATH"] : error.hints)
    }
  }

  private func chosen(_ context: CommandContext) throws -> [ConfigurationFile.Consumer] {
    if let address { return [ConfigurationFile.Consumer(name: address, address: address, tlsCA: tlsCa)] }
    let configured = try context.settings.certificate(named: name).consumers
    guard !configured.isEmpty else {
      throw CommandError.configuration(
        "certificates.\(name).consumers is not configured", operation: "probe certificate \(name)",
        hint: "list the servers at which the certificate is used, each with name and address; or try one with --address")
    }
    guard let consumer else { return configured }
    guard let one = configured.first(where: { $0.name == consumer }) else {
      throw CommandError.usage(
        "there is no consumer \(consumer)", hint: "configured: \(configured.map(\.name).joined(separator: ", "))")
    }
    return [one]
  }

  private func certificates(_ context: CommandContext) throws -> (CertificateRecord, InstalledCertificate) {
    guard let record = try context.record(named: name), let active = record.active else {
      throw CommandError(
        .tokenOrKey, code: "certificate-not-found", operation: "probe certificate \(name)", message: "there is no certificate of this name",
        hints: ["see: hsmkey certificate status"])
    }
    return (record, active)
  }

  private func chosen(among candidates: [InstalledCertificate]) throws -> InstalledCertificate {
    guard let serial else { return candidates[0] }
    guard let one = try candidates.first(where: { try $0.serial() == serial.lowercased() }) else {
      throw CommandError(
        .tokenOrKey, code: "certificate-not-found", operation: "probe certificate \(name)",
        message: "no certificate of this name has the serial number \(serial)",
        hints: ["there are: \(try candidates.map { try $0.serial() }.joined(separator: ", "))"])
    }
    return one
  }

  // MARK: Asking

  private func probe(
    _ consumer: ConfigurationFile.Consumer, _ identity: ClientIdentity, _ context: CommandContext
  ) async throws -> ConsumerVerdict {
    do {
      let probe = try await context.consumerTransport(consumer, identity).probe(consumer.address)
      guard probe.verdict == .accepted else { return ConsumerVerdict(probe) }
      // Whoever lets in everybody has not looked at the certificate.
      return ConsumerVerdict(probe, nobody: try await context.consumerTransport(consumer, nil).probe(consumer.address))
    } catch let error as HTTPSTransportError where Self.isAboutTheWay(error.rule) {
      return ConsumerVerdict(error)
    }
  }

  /// Whether an error lies between us and the consumer. All others are about this machine, its configuration or its token: they end the
  /// probe.
  private static func isAboutTheWay(_ rule: TransportRule) -> Bool {
    [.unreachable, .timeout, .tls, .certificate, .proxy, .response].contains(rule)
  }

  private func probePrevious(
    _ before: InstalledCertificate?, _ consumer: ConfigurationFile.Consumer, _ context: CommandContext, _ keys: TokenKeys,
    _ issuers: TrustAnchors
  ) async throws -> ProbeReport.Previous? {
    guard let before, try before.certificate().notValidAfter > Date() else { return nil }
    let identity = try await context.client(before, keys: keys, issuers: issuers)
    return ProbeReport.Previous(serial: try before.serial(), result: try await probe(consumer, identity, context))
  }

  private func proof(
    _ result: ConsumerVerdict, _ consumer: ConfigurationFile.Consumer, _ installed: InstalledCertificate
  ) throws -> ConsumerProof? {
    guard result.isAcceptance, let version = result.protocolVersion, let scheme = result.signatureScheme else { return nil }
    return ConsumerProof(
      consumer: consumer.name, address: consumer.address, serial: try installed.serial(), provedAt: Date(), protocolVersion: version,
      signatureScheme: scheme)
  }

  private func nextStep(
    after result: ConsumerVerdict, _ cutOver: ConsumerCutOver, _ previous: ProbeReport.Previous?
  ) -> String? {
    if cutOver.failure != nil { return "mend what stood in the way, and run this again" }
    if cutOver.programSucceeded == false { return "see why its after-change program failed, and run this again, which runs it again" }
    return switch (result.verdict, previous) {
    case ("refused", let previous?) where previous.result.isAcceptance:
      "it accepts the previous certificate and not this one yet, which may take days: keep its clients on the previous one; run this again"
    case ("refused", .some):
      "it accepts neither this certificate nor the previous one: the matter is the consumer's, or the address's, not the new certificate's"
    case ("refused", nil):
      "there is no valid certificate before this one to compare with; a new certificate may take days to be accepted: run this again"
    case ("not-asked", _), ("not-demanded", _): "name an address at which the consumer demands a certificate"
    case ("not-reached", _): "check the address and the network, and run this again"
    default: nil
    }
  }
}
