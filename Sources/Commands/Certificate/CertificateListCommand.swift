import ArgumentParser
import CertificateLifecycle
import Foundation
import KeyEvidence
import PKCS11
import TokenKeys

/// `hsmkey certificate list`
struct CertificateListCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The certificates on the token, beside their keys. Needs no PIN.",
    discussion: """
      What the state knows of each is told as well: whether it is in use, or an earlier one that is not retired yet. Certificates of
      authorities and of others are listed too.

      Example: hsmkey certificate list
      """)
  @OptionGroup var common: CommonOptions

  struct Entry: Encodable, Sendable {
    let label: String
    let keyId: String
    /// Whether the public half of the key was seen; private halves cannot be without a PIN.
    let hasKey: Bool
    let subject: String?
    let issuer: String?
    let serial: String?
    let notBefore: Date?
    let notAfter: Date?
    let sha256: String
    /// The certificate's name in the state.
    let name: String?
    /// `in-use` or `earlier`, where the state knows it.
    let role: String?
  }

  struct Report: Answer {
    let token: String
    let certificates: [Entry]
    private let at: Date

    init(token: String, certificates: [Entry], at: Date) {
      (self.token, self.certificates, self.at) = (token, certificates, at)
    }

    enum CodingKeys: CodingKey { case token, certificates }

    var text: String {
      guard !certificates.isEmpty else { return "token \(Console.forTerminal(token)) holds no certificates" }
      var table = TextTable(["label", "subject", "serial", "valid until", "key", "certificate"])
      for entry in certificates {
        let isOver = entry.notAfter.map { $0 <= at } ?? false
        table.add([
          entry.label, entry.subject ?? "cannot be read", entry.serial ?? "-",
          (entry.notAfter?.formatted(.iso8601.year().month().day()) ?? "-") + (isOver ? " (over)" : ""), entry.hasKey ? "yes" : "not seen",
          [entry.name, entry.role].compactMap(\.self).joined(separator: ", "),
        ])
      }
      return table.lines(width: Console.answerWidth, leavingOut: [1, 4], cutting: [0, 5]).joined(separator: "\n")
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let token = try await context.selectedToken()
    let inventory = try await context.waiting("read what is on token \(token.label)") { try token.publicInventory(madeBy: "hsmkey") }
    let keys = Set(inventory.keys.compactMap(\.publicKeySHA256))
    let roles = try Self.roles(try context.existingStore()?.records() ?? [])
    let certificates = inventory.certificates.map { certificate in
      let role = roles[certificate.sha256]
      return Entry(
        label: certificate.label, keyId: certificate.id, hasKey: certificate.contents.map { keys.contains($0.publicKeySHA256) } ?? false,
        subject: certificate.contents?.subject, issuer: certificate.contents?.issuer, serial: certificate.contents?.serial,
        notBefore: certificate.contents?.notBefore, notAfter: certificate.contents?.notAfter, sha256: certificate.sha256,
        name: role?.name, role: role?.role)
    }
    return Report(token: token.label, certificates: certificates, at: Date())
  }

  /// What the state says of certificates, by their SHA-256.
  private static func roles(_ records: [CertificateRecord]) throws -> [String: (name: String, role: String)] {
    var roles: [String: (name: String, role: String)] = [:]
    for record in records {
      for earlier in record.previous { roles[earlier.der.sha256Hexadecimal] = (record.name, "earlier") }
      if let active = record.active { roles[active.der.sha256Hexadecimal] = (record.name, "in-use") }
    }
    return roles
  }
}
