import ArgumentParser
import CertificateService
import Foundation
import SwiftASN1
import TokenKeys
import X509

/// `hsmkey csr NAME`
struct CSRCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "csr", abstract: "A certificate request (PKCS#10) for a key, signed on the token.",
    discussion: "Example: hsmkey csr payroll --subject 'CN=0123456-7,O=Ab Demo Oy,C=FI' --out payroll.csr")
  @OptionGroup var common: CommonOptions

  @Argument(help: "The key's name (label).")
  var name: String

  @Option(help: ArgumentHelp("The subject, RFC 4514 style: CN=…,O=…,C=FI.", valueName: "name"))
  var subject: String

  @Option(help: ArgumentHelp("Write to this new file instead of stdout.", valueName: "file"), completion: .file())
  var out: String?

  @Flag(help: "DER instead of PEM; needs --out.")
  var der = false

  struct Report: Answer {
    let key: String
    let subject: String
    let publicKeySha256: String
    let pem: String
    let file: String?
    var text: String { file == nil ? pem : "" }
  }

  func validate() throws {
    if der && out == nil { throw ValidationError("--der needs --out FILE (or --out - for a pipe)") }
    if common.json && out == "-" { throw ValidationError("--json and --out - both want stdout") }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    try KeyName.check(name)
    let subject = try SubjectName.parse(subject)
    let key = try await context.tokenKeys().key(named: name)
    let request = try await CertificateSigningRequest(for: key, subject: subject)
    let pem = try request.serializeAsPEM()
    if let out {
      try InputOutput.write(
        der ? Array(pem.derBytes) : Array("\(pem.pemString)\n".utf8), to: out, operation: "write the certificate request")
    }
    return Report(
      key: key.name, subject: subject.readable, publicKeySha256: try key.publicKey.subjectPublicKeyInfoSHA256, pem: pem.pemString, file: out
    )
  }
}
