import ArgumentParser
import CertificateLifecycle
import CertificateService
import Foundation
import PKCS11
import TokenKeys
import X509

/// `hsmkey certificate import NAME FILE`
struct CertificateImportCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Install a certificate from a file: for a key that is on the token already.",
    discussion: """
      For a certificate that came another way than through the certificate service, such as the agency's e-service. It passes every check
      that an enrolment's certificate passes: the key is on the token, the customer and the issuer are right, the chain ends in a trusted
      authority, it is valid now. It is then stored beside its key and is the one in use; the one before it is kept.

      FILE is PEM in any wrapping, or DER; of several certificates the one whose key is on the token is taken.

      Example: hsmkey certificate import payroll payroll.pem
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String

  @Argument(help: "The file; - for standard input.", completion: .file())
  var file: String

  func answer(_ context: CommandContext) async throws -> CertificateReport {
    let operation = "import certificate \(name)"
    let plan = try context.plan(named: name)
    let candidates: [Certificate]
    do {
      candidates = try PEM.certificates(in: try InputOutput.read(file, operation: operation))
    } catch let error as CertificateServiceError {
      throw CommandError(
        .inputData, code: error.code.rawValue, rule: error.rule?.rawValue, operation: "read certificates from \(file)",
        message: error.message, hints: error.hint.map { [$0] } ?? [])
    }
    let (lifecycle, keys) = try await context.lifecycle()
    let (certificate, key) = try await choose(candidates, keys, operation: operation)
    let installed = try await lifecycle.importCertificate(
      certificate, key: LifecycleKey(name: key.name, identifier: key.identifier.hexadecimal, privateKey: key.privateKey), plan: plan)
    return try context.concluded(installed, named: name, token: keys.token)
  }

  /// The one certificate of the file whose key is on the token.
  private func choose(
    _ candidates: [Certificate], _ keys: TokenKeys, operation: String
  ) async throws -> (certificate: Certificate, key: TokenKey) {
    var found: [(certificate: Certificate, key: TokenKey)] = []
    for certificate in candidates where !found.contains(where: { $0.certificate == certificate }) {
      do {
        found.append((certificate, try await keys.key(matching: certificate.publicKey)))
      } catch let error as TokenKeysError where error.code == .keyNotFound {
        continue
      }
    }
    guard let chosen = found.first, found.count == 1 else {
      throw CommandError(
        found.isEmpty ? .tokenOrKey : .inputData, code: found.isEmpty ? "key-not-found" : "certificate-ambiguous", operation: operation,
        message: found.isEmpty
          ? "no key on token \(keys.token.label) belongs to a certificate in \(file)"
          : "\(found.count) certificates in \(file) have their key on token \(keys.token.label)",
        hints: [found.isEmpty ? "list the keys with: hsmkey key list" : "give a file with the one certificate"])
    }
    return chosen
  }
}
