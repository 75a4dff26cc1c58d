import ArgumentParser
import CertificateLifecycle
import CertificateService
import Secrets
import SwiftASN1
import TokenKeys
import X509

/// `hsmkey service …`
struct ServiceGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "service", abstract: "The certificate service's messages.", subcommands: [ServiceRequestCommand.self])
}

/// `hsmkey service request NAME`
struct ServiceRequestCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "request", abstract: "Write the SOAP request that would be sent, signed, without sending it.",
    discussion: """
      NAME is a certificate of the configuration file. `renew` signs with the key of the current certificate and carries the request
      given with --csr. `sign-new` carries the request given with --csr and the transfer credentials of an order, in the clear: it goes
      to a file that only its owner can open (--out FILE), or to stdout when --out - says so.

      Example: hsmkey service request payroll --operation renew --csr next.csr --out renew.xml
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String

  @Option(help: "renew or sign-new.", completion: .list(["renew", "sign-new"]))
  var operation: String

  @Option(help: ArgumentHelp("The certificate request of the new key, PEM or DER.", valueName: "file"), completion: .file())
  var csr: String

  @Option(help: ArgumentHelp("The transfer id, for sign-new.", valueName: "id"))
  var transferID: String?

  @Option(help: ArgumentHelp("Where the transfer password comes from, for sign-new.", valueName: "source"))
  var transferPasswordSource: String?

  @Option(help: ArgumentHelp("Write to this new file instead of stdout.", valueName: "file"), completion: .file())
  var out: String?

  struct Report: Answer {
    let name: String
    let operation: String
    let endpoint: String
    let document: String?
    let file: String?
    var text: String { document ?? "" }
  }

  func validate() throws {
    guard ["renew", "sign-new"].contains(operation) else { throw ValidationError("--operation is renew or sign-new") }
    if operation == "sign-new", transferID == nil { throw ValidationError("sign-new needs --transfer-id and --transfer-password-source") }
    if common.json && out == "-" { throw ValidationError("--json and --out - both want stdout") }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    for file in [csr, out ?? "-"] { try InputOutput.refuseURI(file, operation: "write a service request") }
    if operation == "sign-new" {
      guard out != nil else {
        throw CommandError.usage(
          "the request would show the transfer password", rule: .secretOutput,
          hint: "write it to a file of your own with --out FILE; --out - writes it to stdout all the same")
      }
      try transferID.map(CommandContext.checkTransferID)
    }
    let plan = try context.plan(named: name)
    let environment = try context.serviceEnvironment()
    let requestDER = try Self.certificateRequest(csr)
    let document: [UInt8]
    if operation == "renew" {
      let (key, certificate) = try await context.signer(named: name)
      let request = try RenewCertificateRequest(environment: environment, customer: plan.customer, certificateRequestDER: requestDER)
      let signed = try await request.signed(by: key.privateKey, certificate: certificate, transforms: context.renewalTransforms)
      document = try SOAPEnvelope.wrap(payload: signed.document)
    } else {
      let source = try context.secretSource(transferPasswordSource ?? "prompt")
      let credentials = try TransferCredentials(
        id: transferID ?? "", password: source.read(purpose: "Transfer password of order \(transferID ?? "")"))
      let request = try SignNewCertificateRequest(
        environment: environment, customer: plan.customer, credentials: credentials, certificateRequestDER: requestDER)
      document = request.withEnvelope { $0 }
    }
    if let out {
      // A sign-new request has the transfer password in it, in the clear: that file is its owner's only.
      try InputOutput.write(document, to: out, operation: "write the request", isSecret: operation != "renew")
    }
    return Report(
      name: name, operation: operation, endpoint: context.settings.file.service.endpoint ?? environment.endpoint,
      document: out == nil ? String(decoding: document, as: UTF8.self) : nil, file: out)
  }

  /// Reads a PKCS#10 request, PEM or DER, and checks its own signature.
  private static func certificateRequest(_ path: String) throws -> [UInt8] {
    let operation = "read the certificate request \(path)"
    let bytes = try InputOutput.read(path, operation: operation)
    let der = bytes.first == 0x30 ? bytes : try PEM.blocks(in: bytes).first { $0.label.hasSuffix("CERTIFICATE REQUEST") }?.der
    guard let der else { throw CommandError.input("it holds no CERTIFICATE REQUEST block", operation: operation) }
    guard let request = try? CertificateSigningRequest(derEncoded: der) else {
      throw CommandError.input("it is no PKCS#10 certificate request", operation: operation)
    }
    guard request.publicKey.isValidSignature(request.signature, for: request) else {
      throw CommandError.input("the request's own signature does not verify", operation: operation, hint: "make it again with: hsmkey csr")
    }
    return der
  }
}
