import ArgumentParser
import CertificateService
import Crypto
import Foundation
import PKCS11
import SwiftASN1
import TokenKeys
import X509

/// `hsmkey key …`
struct KeyGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Key pairs on the token.",
    subcommands: [
      KeyGenerateCommand.self, KeyListCommand.self, KeyShowCommand.self, KeyPublicCommand.self, KeySignCommand.self,
      KeyProveCommand.self, KeyVerifyProofCommand.self, KeyCountersignProofCommand.self,
    ])
}

/// One key in answers.
struct KeyReport: Encodable, Sendable {
  struct Finding: Encodable, Sendable {
    let rule: String
    let outcome: String
    let observed: String
  }

  struct Verdict: Encodable, Sendable {
    let policy: String
    let isMet: Bool
    let findings: [Finding]
  }

  struct CertificateSummary: Encodable, Sendable {
    let subject: String
    let issuer: String
    let serial: String
    let notBefore: Date
    let notAfter: Date
  }

  let name: String
  let id: String
  let algorithm: String
  let uri: String
  let publicKeySha256: String
  let verdict: Verdict?
  let certificates: [CertificateSummary]?

  init(_ key: TokenKey, verdict: KeyVerdict? = nil, certificates: [Certificate]? = nil) throws {
    name = key.name
    id = key.identifier.hexadecimal
    algorithm = key.algorithm.rawValue
    uri = key.uri.description
    publicKeySha256 = try key.publicKey.subjectPublicKeyInfoSHA256
    self.verdict = verdict.map {
      Verdict(
        policy: KeyPolicy.nonExportableSigning.name, isMet: $0.isMet,
        findings: $0.findings.map { Finding(rule: $0.rule.rawValue, outcome: $0.outcome.rawValue, observed: $0.observed) })
    }
    self.certificates = certificates.map { list in
      list.map {
        CertificateSummary(
          subject: $0.subject.readable, issuer: $0.issuer.readable, serial: $0.serialNumber.hexadecimal, notBefore: $0.notValidBefore,
          notAfter: $0.notValidAfter)
      }
    }
  }

  var text: String {
    var blocks = [
      Console.facts([("key", name), ("algorithm", algorithm), ("id", id), ("public key SHA-256", publicKeySha256), ("uri", uri)])
    ]
    if let verdict {
      blocks.append(
        "policy \(verdict.policy): \(verdict.isMet ? "met" : "NOT MET")\n"
          + verdict.findings.map {
            "  \($0.outcome == "met" ? "ok " : $0.outcome == "violated" ? "NO " : "-  ") \($0.rule)  \($0.observed)"
          }
          .joined(separator: "\n"))
    }
    for certificate in certificates ?? [] {
      blocks.append(
        Console.facts([
          ("certificate", certificate.subject), ("issuer", certificate.issuer), ("serial", certificate.serial),
          ("valid", "\(certificate.notBefore.ISO8601Format()) to \(certificate.notAfter.ISO8601Format())"),
        ]))
    }
    return blocks.joined(separator: "\n\n")
  }
}

extension Certificate.PublicKey {
  /// SHA-256 of the DER SubjectPublicKeyInfo, in hexadecimal: names a public key whatever its kind.
  var subjectPublicKeyInfoSHA256: String {
    get throws { SHA256.hash(data: try serializeAsPEM().derBytes).hexadecimal }
  }
}

extension Sequence<UInt8> {
  /// Two lower-case hexadecimal digits a byte.
  var hexadecimal: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}

extension Certificate.SerialNumber {
  /// The serial number's bytes in hexadecimal.
  var hexadecimal: String { bytes.hexadecimal }
}
