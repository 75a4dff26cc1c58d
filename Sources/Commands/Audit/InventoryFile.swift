import KeyEvidence
import X509

/// A signed inventory from a file: read only after its signatures were found good.
struct InventoryFile: Sendable {
  /// Who signed it.
  struct Signer: Sendable {
    let role: String
    let publicKeySHA256: String
    /// Whether it is the key that had to sign; nil where none was named.
    let isAuditor: Bool?
  }

  let path: String
  let inventory: TokenInventory
  let signers: [Signer]

  /// Whether somebody said whose signature it must be.
  var isSignerChecked: Bool { signers.contains { $0.isAuditor == true } }

  /// Reads and verifies a file.
  ///
  /// - Parameter auditorKey: a file with the public key that must have signed, PEM or certificate; nil where nobody says.
  init(reading path: String, auditorKey: String?) throws {
    let pinned = try auditorKey.map { try PublicKeyFile.read($0, orCertificate: true, operation: "read the auditor's key") }
    let bytes = try InputOutput.read(path, operation: "read the inventory")
    let statement: VerifiedStatement
    do {
      statement = try VerifiedStatement.verify(bytes, format: TokenInventory.format)
      inventory = try TokenInventory(content: statement.content)
    } catch {
      // Whatever is wrong with it: a byte that was changed can make it unreadable as well as untrue.
      throw CommandError(
        .untrustedAnswer, code: "untrusted", rule: error.rule.rawValue, operation: "check the inventory \(path)",
        message: "at \(error.where): \(error.message)", hints: [error.hint, "get the inventory from whoever made it again"])
    }
    let pinnedSHA256 = try pinned?.subjectPublicKeyInfoSHA256
    signers = statement.signatures.map { signature in
      Signer(
        role: signature.role, publicKeySHA256: signature.publicKeySHA256, isAuditor: pinnedSHA256.map { $0 == signature.publicKeySHA256 })
    }
    if let pinnedSHA256, !signers.contains(where: { $0.isAuditor == true }) {
      throw AuditError(
        rule: .signer, operation: "check who signed \(path)",
        message: "it is signed by \(signers.map(\.publicKeySHA256).joined(separator: ", ")), "
          + "and should be by \(pinnedSHA256) (SHA-256 of public keys)",
        hint: "get the inventory from the auditor again; if the auditor has a new key, name it with --auditor-key")
    }
    self.path = path
  }
}
