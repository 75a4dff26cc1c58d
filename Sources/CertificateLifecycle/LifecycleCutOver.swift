import Foundation
import SwiftASN1
import X509

extension CertificateLifecycle {
  /// Puts the certificate in use into the file of one of its consumers, once that consumer is known to accept it. Its clients go on with
  /// the certificate before until then.
  ///
  /// - Parameters:
  ///   - consumer: the consumer's name, as in its proof.
  ///   - path: written atomically; a symbolic link is replaced, not followed.
  /// - Returns: whether the file changed.
  /// - Throws: ``LifecycleError`` with ``LifecycleRule/provedFirst`` for a consumer without a proof, or
  ///   ``LifecycleError/Code/fileNotWritten``.
  public func cutOver(_ consumer: String, of name: String, toFile path: String) throws -> Bool {
    let operation = "cut the consumer \(consumer) over to certificate \(name)"
    let lock = try store.lock(name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    guard let record = try store.record(named: name), let active = record.active else {
      throw LifecycleError(.nothingToDo, operation: operation, message: "there is no certificate under this name")
    }
    guard try record.unproved([consumer]).isEmpty else {
      throw LifecycleError(
        .ruleRefused, rule: .provedFirst, operation: operation, message: "it is not known to accept the certificate in use",
        hint: "prove it with: hsmkey certificate probe \(name)")
    }
    let text = try active.certificate().serializeAsPEM().pemString + "\n"
    if FileManager.default.contents(atPath: path) == Data(text.utf8) { return false }
    if let warning = try CertificateFile.replace(path, with: text, name: name, operation: operation) { say(name, "warning: \(warning)") }
    return true
  }
}
