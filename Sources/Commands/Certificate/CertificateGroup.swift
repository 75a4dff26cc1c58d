import ArgumentParser
import CertificateLifecycle
import CertificateService
import Foundation
import PKCS11
import TokenKeys
import X509

/// `hsmkey certificate …`
struct CertificateGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certificate", abstract: "Certificates from the agency's certificate service.",
    subcommands: [
      CertificateEnrolCommand.self, CertificateRenewCommand.self, CertificateFetchCommand.self, CertificateStatusCommand.self,
      CertificateAbandonCommand.self, CertificateHistoryCommand.self, CertificateListCommand.self, CertificateImportCommand.self,
      CertificateExportCommand.self,
      CertificateProbeCommand.self, CertificateRetireCommand.self,
    ])
}

/// One installed certificate in answers.
struct InstalledReport: Encodable, Sendable {
  let subject: String
  let issuer: String
  let serial: String
  let notBefore: Date
  let notAfter: Date
  let keyName: String
  let keyUri: String?
  let publicKeySha256: String
  /// Whether it is for the key; false for certificates from the agency's test bench.
  let isForKey: Bool

  /// - Parameter isForKey: false for a certificate from the agency's test bench, which must not be taken for one of the key.
  init(_ installed: InstalledCertificate, token: Token? = nil, isForKey: Bool = true) throws {
    self.isForKey = isForKey
    let certificate = try installed.certificate()
    subject = certificate.subject.readable
    issuer = certificate.issuer.readable
    serial = certificate.serialNumber.hexadecimal
    notBefore = certificate.notValidBefore
    notAfter = certificate.notValidAfter
    keyName = installed.keyName
    keyUri =
      if isForKey, let token, let identifier = KeyIdentifier(hexadecimal: installed.keyIdentifier) {
        token.uri(ofKeyNamed: installed.keyName, identifier: identifier).description
      } else {
        nil
      }
    publicKeySha256 = try certificate.publicKey.subjectPublicKeyInfoSHA256
  }

  var facts: [(name: String, value: String)] {
    [
      ("subject", subject), ("issuer", issuer), ("serial", serial),
      ("valid", "\(notBefore.ISO8601Format()) to \(notAfter.ISO8601Format())"),
      ("key", isForKey ? keyUri ?? keyName : "NOT FOR the key \(keyName): from the agency's test bench, useless elsewhere"),
    ]
  }
}

/// What enrolling, renewing and fetching end with.
struct CertificateReport: Answer {
  let name: String
  let certificate: InstalledReport
  let afterChangeSucceeded: Bool

  var text: String { "\(Console.forTerminal(name))\n\(Console.facts(certificate.facts, indent: 2))" }
}

extension CommandContext {
  /// The answer about a certificate that was just installed. An operation that is still pending then is one whose after-change program
  /// failed.
  func concluded(_ installed: InstalledCertificate, named name: String, token: Token) throws -> CertificateReport {
    let isPending = try record(named: name)?.pending != nil
    return CertificateReport(
      name: name, certificate: try InstalledReport(installed, token: token, isForKey: !isTestBench), afterChangeSucceeded: !isPending)
  }
}
