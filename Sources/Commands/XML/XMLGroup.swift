import ArgumentParser
import CertificateLifecycle
import CertificateService
import Foundation
import SwiftASN1
import TokenKeys
import X509
import XMLSignature

/// `hsmkey xml …`
struct XMLGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "xml", abstract: "Enveloped XML signatures in the agency's profile.",
    subcommands: [XMLSignCommand.self, XMLVerifyCommand.self])
}

extension CommandContext {
  /// The key and certificate that sign for a name: a certificate of the state file, or else a key on the token with one beside it.
  func signer(named name: String) async throws -> (key: TokenKey, certificate: Certificate) {
    if settings.file.certificates.contains(where: { $0.name == name }) {
      // Whether there is a certificate is known without a PIN.
      guard let active = try record(named: name)?.active, let identifier = KeyIdentifier(hexadecimal: active.keyIdentifier) else {
        throw CommandError(
          .tokenOrKey, code: "certificate-not-found", operation: "find the signer \(name)",
          message: "there is no certificate of this name yet",
          hints: ["get one with: hsmkey certificate enrol \(name)"])
      }
      return (try await tokenKeys().key(identifier: identifier), try active.certificate())
    }
    try KeyName.check(name)
    let keys = try await tokenKeys()
    let key = try await keys.key(named: name)
    guard let certificate = try await keys.certificates(of: key).first else {
      throw CommandError(
        .tokenOrKey, code: "certificate-not-found", operation: "find the signer \(name)",
        message: "the token holds no certificate beside this key")
    }
    return (key, certificate)
  }
}

/// `hsmkey xml sign NAME`
struct XMLSignCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Sign an XML document on the token; the signature becomes the last child of its root.",
    discussion: """
      NAME is a certificate of the configuration file, or a key with a certificate on the token. The document has at most 1 MiB.

      Example: hsmkey xml sign payroll --in report.xml --out report-signed.xml
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's or key's name.")
  var name: String

  @Option(name: .customLong("in"), help: ArgumentHelp("The document; - for stdin.", valueName: "file"), completion: .file())
  var input: String

  @Option(help: ArgumentHelp("The new file for the signed document; - for stdout.", valueName: "file"), completion: .file())
  var out: String

  @Option(
    help: "enveloped-and-exclusive or enveloped; default as configured.", completion: .list(["enveloped-and-exclusive", "enveloped"]))
  var transforms: String?

  struct Report: Answer {
    let signer: String
    let certificateSerial: String
    let file: String
    var text: String { "" }
  }

  func validate() throws {
    if let transforms, !["enveloped-and-exclusive", "enveloped"].contains(transforms) {
      throw ValidationError("--transforms is enveloped-and-exclusive or enveloped")
    }
    if common.json && out == "-" { throw ValidationError("--json and --out - both want stdout") }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    try InputOutput.refuseURI(out, operation: "write the signed document")
    let document = try InputOutput.read(input, operation: "read the document to sign")
    let (key, certificate) = try await context.signer(named: name)
    let chosen: ReferenceTransforms =
      transforms.map { $0 == "enveloped" ? .envelopedOnly : .envelopedThenExclusiveC14N } ?? context.renewalTransforms
    try InputOutput.write(
      try await sign(document, key, certificate, chosen), to: out, operation: "write the signed document")
    return Report(signer: certificate.subject.readable, certificateSerial: certificate.serialNumber.hexadecimal, file: out)
  }
}

extension XMLSignCommand {
  /// Here nobody's answer is in doubt: what fails is the key, or the document that was handed in.
  private func sign(_ document: [UInt8], _ key: TokenKey, _ certificate: Certificate, _ transforms: ReferenceTransforms) async throws
    -> [UInt8]
  {
    do {
      return try await EnvelopedSigner(key: key.privateKey, certificate: certificate, transforms: transforms).sign(document)
    } catch let error as XMLSignatureError {
      let isAboutKey = error.rule == .signingKey || error.rule == .signingCertificate
      throw CommandError(
        isAboutKey ? .tokenOrKey : .inputData, code: isAboutKey ? "key-unusable" : "input", rule: error.rule.rawValue,
        operation: error.operation, message: error.message, hints: [error.hint ?? error.rule.sizeHint])
    }
  }
}

/// `hsmkey xml verify FILE`
struct XMLVerifyCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Verify a signed document strictly. Needs neither token nor PIN.",
    discussion: """
      Without --trust the signature is checked and the signer is named as not checked. The document has at most 1 MiB.

      Example: hsmkey xml verify answer.xml --trust root.pem --trust chain.pem --at 2026-03-01T12:00:00Z
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The signed document; - for stdin.", completion: .file())
  var file: String

  @Option(
    help: ArgumentHelp("CA certificates that the signer must chain to, PEM or DER; repeat for more files.", valueName: "file"),
    completion: .file())
  var trust: [String] = []

  @Option(help: ArgumentHelp("When the signer must have been valid, RFC 3339; default now.", valueName: "time"))
  var at: String?

  struct Report: Answer {
    let file: String
    let root: String
    let signedBytes: Int
    let signer: String
    let signerIssuer: String
    let signerSerial: String
    let signerNotBefore: Date
    let signerNotAfter: Date
    let isSignerChecked: Bool
    let checkedAt: Date?

    var text: String {
      Console.facts([
        ("signature", "valid over <\(root)> (\(signedBytes) bytes in canonical form)"), ("signer", signer), ("issuer", signerIssuer),
        ("serial", signerSerial), ("valid", "\(signerNotBefore.ISO8601Format()) to \(signerNotAfter.ISO8601Format())"),
        ("trust", checkedAt.map { "chain verified at \($0.ISO8601Format())" } ?? "signer NOT CHECKED"),
      ])
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let time = try moment()
    for file in trust { try InputOutput.refuseURI(file, operation: "read the CA certificates") }
    let anchors = trust.isEmpty ? nil : try TrustAnchors(files: trust)
    let verified = try EnvelopedSignatureVerifier().verify(try InputOutput.read(file, operation: "read the signed document"))
    let signer = verified.signingCertificate
    if let anchors {
      _ = try await anchors.validate(signer, at: time)
    } else {
      Console.warn("the signature is valid, but who signed is not checked; name the CA certificates with --trust")
    }
    return Report(
      file: file, root: verified.root.name.localName, signedBytes: verified.signedOctets.count, signer: signer.subject.readable,
      signerIssuer: signer.issuer.readable, signerSerial: signer.serialNumber.hexadecimal, signerNotBefore: signer.notValidBefore,
      signerNotAfter: signer.notValidAfter, isSignerChecked: anchors != nil, checkedAt: anchors == nil ? nil : time)
  }

  private func moment() throws -> Date {
    guard let at else { return Date() }
    guard let time = try? Date(at, strategy: .iso8601) else {
      throw CommandError.usage("--at is no RFC 3339 time", hint: "write it like 2026-03-01T12:00:00Z")
    }
    return time
  }
}
