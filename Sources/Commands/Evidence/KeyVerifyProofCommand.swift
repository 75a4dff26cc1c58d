import ArgumentParser
import CertificateService
import Foundation
import KeyEvidence
import SwiftASN1
import TokenKeys
import X509

/// `hsmkey key verify-proof FILE`
///
/// It reads the file and what the options name, and nothing else: no configuration, no module, no token.
struct KeyVerifyProofCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-proof", abstract: "Check an evidence bundle of `key prove`. Needs no token, no PIN and no configuration.",
    discussion: """
      Name the key that you use, or nothing ties the proof to it. Exit codes: 0 the proof holds and its policy is met, 2 it holds and the
      policy is not met, or not all that you demand of it, 6 it is not to be trusted, 65 it is no proof.

      Example: hsmkey key verify-proof payroll.proof --certificate payroll.pem --trust root.pem --trust chain.pem
      """)

  @Argument(help: "The proof; - for stdin.", completion: .file())
  var file: String

  @Option(help: ArgumentHelp("The public key that the proof must be about, PEM or DER.", valueName: "file"), completion: .file())
  var key: String?

  @Option(
    help: ArgumentHelp("A certificate of the key that the proof must be about, PEM or DER.", valueName: "file"), completion: .file())
  var certificate: String?

  @Option(
    help: ArgumentHelp("The public key of an auditor who must have signed, PEM or DER; repeat for more.", valueName: "file"),
    completion: .file())
  var auditorKey: [String] = []

  @Option(
    help: ArgumentHelp("CA certificates that the key's certificate must chain to, PEM or DER; repeat for more files.", valueName: "file"),
    completion: .file())
  var trust: [String] = []

  @Option(
    help: ArgumentHelp(
      "The time of the check, RFC 3339; default now. The proof was made before it, and the certificate was valid then.", valueName: "time"))
  var at: String?

  @Option(help: ArgumentHelp("The words that you gave for the proof to repeat.", valueName: "text"))
  var challenge: String?

  @Option(
    help: ArgumentHelp(
      "A policy that the proof must meet, whichever it was made for: \(KeyPolicy.profiles.map(\.name).joined(separator: ", ")).",
      valueName: "policy"), completion: .list(KeyPolicy.profiles.map(\.name)))
  var policy: String?

  @Flag(help: "Take no waivers: a proof that has any ends with exit code 2.")
  var noWaivers = false

  @Flag(help: "Require each probe of this version to have been made, and answered: otherwise exit code 2.")
  var requireProbes = false

  @Flag(help: "Answer with one JSON object on stdout.")
  var json = false

  func run() async throws {
    let report = try await report()
    if report.exitStatus != .done {
      let missing =
        (report.objections.map { "\($0.rule) \($0.outcome)" } + report.policy.lacking
        + report.unmetDemands.map { "\($0.rule): \($0.message)" }).joined(separator: ", ")
      Console.warn(
        report.policy.isMet
          ? "the proof holds, and does not show what was demanded of it: \(missing)"
          : "the proof holds, and the policy \(report.policy.name) is not met: \(missing)")
    }
    try Console.give(report, asJSON: json)
  }

  private static let operation = "verify the key proof"

  private func report() async throws -> ProofReport {
    let time = try moment()
    // What can be seen to be wrong about the question is said before the answer is looked for.
    let named = try namedKeys()
    let policy = try demandedPolicy()
    let auditors = try auditorKey.map { try PublicKeyFile.read($0, operation: "read the auditor's key") }
    for file in trust { try InputOutput.refuseURI(file, operation: "read the CA certificates") }
    let anchors = trust.isEmpty ? nil : try TrustAnchors(files: trust)

    let verified = try verify(try InputOutput.read(file, operation: "read the key proof"), at: time)
    for key in named { try verified.check(key: key) }
    for auditor in auditors { try verified.check(auditor: auditor) }
    if let challenge { try verified.check(challenge: challenge) }
    if let anchors { try await checkChain(of: verified.proof, anchors, at: time) }
    return try ProofReport(
      file: file, verified: verified, isKeyNamed: !named.isEmpty, auditors: auditors, isChainChecked: anchors != nil,
      isChallengeCompared: challenge != nil,
      demands: .init(policy: policy, noWaivers: noWaivers, requireProbes: requireProbes))
  }

  /// The chain of the proof's certificate. Those between are the proof's own: they are a path, and worth what it ends in.
  private func checkChain(of proof: KeyProof, _ anchors: TrustAnchors, at time: Date) async throws {
    guard let leaf = proof.certificates.first else {
      throw CommandError(
        .untrustedAnswer, code: "untrusted", rule: EvidenceRule.certificate.rawValue, operation: Self.operation,
        message: "there is no certificate in the proof that could chain to what --trust names")
    }
    let between = try proof.certificates.dropFirst().map { try Certificate(derEncoded: $0) }.filter { $0.subject != $0.issuer }
    let path: TrustAnchors
    do {
      path = try TrustAnchors(certificates: anchors.anchors + anchors.intermediates + between)
    } catch {
      throw CommandError(
        .untrustedAnswer, code: "untrusted", rule: error.rule?.rawValue, operation: Self.operation,
        message: "a certificate of the proof's chain is none of an authority: \(error.message)")
    }
    _ = try await path.validate(try Certificate(derEncoded: leaf), at: time)
  }

  /// A file that is meant to be a proof and cannot be read is a proof that was changed.
  private func verify(_ bytes: [UInt8], at time: Date) throws -> VerifiedKeyProof {
    do {
      return try VerifiedKeyProof.verify(bytes, at: time)
    } catch let error {
      guard let translated = ErrorTranslation.translate(error) else { throw error }
      let isProof = VerifiedStatement.seemsToBe(bytes, format: KeyProof.format, firstSection: "attestations")
      if translated.exitStatus == .inputData, !isProof {
        throw CommandError(
          .inputData, code: "input", rule: translated.rule, operation: Self.operation,
          message: "this is no key proof of hsmkey's: \(translated.message)", hints: translated.hints)
      }
      let hint =
        error.rule == .canonical || error.rule == .memberOnce
        ? "take the file as it was made, byte for byte; an editor, or a transfer as text, may have changed it" : nil
      throw CommandError(
        .untrustedAnswer, code: "untrusted", rule: translated.rule, operation: Self.operation, message: translated.message,
        hints: translated.hints + [hint])
    }
  }

  /// The keys that the proof must be about: one, named in one way or in both.
  private func namedKeys() throws -> [Certificate.PublicKey] {
    var keys: [Certificate.PublicKey] = []
    if let key { keys.append(try PublicKeyFile.read(key, operation: "read the key")) }
    if let certificate {
      let bytes = try InputOutput.read(certificate, operation: "read the key's certificate")
      keys += try PEM.certificates(in: bytes).prefix(1).map(\.publicKey)
    }
    return keys
  }

  private func demandedPolicy() throws -> KeyPolicy? {
    guard let policy else { return nil }
    guard let known = KeyPolicy(named: policy) else { throw KeyPolicyOptions.unknownPolicy(policy) }
    return known
  }

  private func moment() throws -> Date {
    guard let at else { return Date() }
    guard let time = try? Date(at, strategy: .iso8601) else {
      throw CommandError.usage("--at is no RFC 3339 time", hint: "write it like 2026-03-01T12:00:00Z")
    }
    return time
  }
}
