import ArgumentParser
import CertificateService
import Foundation
import TokenKeys
import X509

/// `hsmkey key destroy NAME`
struct KeyDestroyCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "destroy", abstract: "Destroy a key pair on the token, for good.",
    discussion: """
      Both halves go, and the certificates of the key that are stored beside them on the token; certificates in files stay. That the key
      is gone is proved by a search. The name is asked for a second time on the terminal, or given with --confirm. A key whose certificate
      is still valid, on the token or in the file of a configured certificate of this name, is refused unless --even-if-certified.

      Example: hsmkey key destroy payroll-2024 --confirm payroll-2024
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The key's name (label).")
  var name: String

  @Option(help: ArgumentHelp("The same name again, instead of typing it on the terminal.", valueName: "name"))
  var confirm: String?

  @Flag(help: "Destroy the key although a certificate for it is still valid.")
  var evenIfCertified = false

  struct Report: Answer {
    let name: String
    let id: String
    let publicKeySha256: String
    let destroyedKeyObjects: Int
    let destroyedCertificates: [KeyReport.CertificateSummary]
    /// What the search after it found.
    let objectsLeft = 0

    enum CodingKeys: CodingKey { case name, id, publicKeySha256, destroyedKeyObjects, destroyedCertificates, objectsLeft }

    var text: String {
      let certificates = destroyedCertificates.map { ("certificate destroyed with it", "\($0.subject), serial \($0.serial)") }
      return Console.facts(
        [("destroyed", name), ("id", id), ("public key SHA-256", publicKeySha256)] + certificates
          + [("proof", "a search for its objects finds none")])
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    try KeyName.check(name)
    // What can be seen to be wrong is refused before a PIN is asked for.
    if let confirm, confirm != name { throw unconfirmed(isOther: true) }
    let keys = try await context.tokenKeys()
    let key = try await keys.key(named: name)
    try await refuseCertified(key, keys, context)
    try confirmName(key)
    let destruction = try await keys.destroy(key)
    return Report(
      name: key.name, id: key.identifier.hexadecimal, publicKeySha256: try key.publicKey.subjectPublicKeyInfoSHA256,
      destroyedKeyObjects: destruction.destroyedKeyObjects,
      destroyedCertificates: destruction.destroyedCertificates.map(KeyReport.CertificateSummary.init))
  }

  /// Refuses a key that somebody may be using: one that a certificate makes valid.
  private func refuseCertified(_ key: TokenKey, _ keys: TokenKeys, _ context: CommandContext) async throws {
    guard !evenIfCertified else { return }
    let now = Date()
    let certificates = try await keys.certificates(of: key) + context.certificatesInFiles(of: key)
    guard let valid = certificates.filter({ $0.notValidAfter > now }).max(by: { $0.notValidAfter < $1.notValidAfter }) else { return }
    throw CommandError.refused(
      .keyCertified, operation: "destroy key \(name)",
      message: "its certificate (serial \(valid.serialNumber.hexadecimal)) is valid until \(valid.notValidAfter.ISO8601Format())",
      hint: "nothing was destroyed; if the certificate is not needed any more, add --even-if-certified")
  }

  private func confirmName(_ key: TokenKey) throws {
    var given = confirm
    if given == nil, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 {
      Console.say(
        "destroys the \(key.algorithm) key \(Console.forTerminal(key.name)) (\(key.identifier)) for good; type its name to go on")
      given = readLine()
    }
    guard given == name else { throw unconfirmed(isOther: given != nil) }
  }

  private func unconfirmed(isOther: Bool) -> CommandError {
    .usage(
      isOther ? "the name that was given to confirm is another one" : "destroying a key must be confirmed", rule: .confirmation,
      hint: "add --confirm \(name)")
  }
}

extension CommandContext {
  /// The certificates for a key in the files of configured certificates. A file that is not there or not readable says nothing.
  fileprivate func certificatesInFiles(of key: TokenKey) -> [Certificate] {
    let files = settings.file.certificates.flatMap { [$0.certificateFile] + $0.consumers.map(\.certificateFile) }
    return files.compactMap(\.self).flatMap { path -> [Certificate] in
      guard let bytes = FileManager.default.contents(atPath: path), let found = try? PEM.certificates(in: Array(bytes)) else { return [] }
      return found.filter { $0.publicKey == key.publicKey }
    }
  }
}
