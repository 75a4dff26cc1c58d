import Foundation
import SwiftASN1
import X509

/// What a consumer's clients have to hear: a certificate that is in their file and of which their program is not known to have heard.
public struct ConsumerChange: Sendable, Hashable {
  /// The certificate's serial number in hexadecimal.
  public let serial: String
  /// Whether the file was changed for it, rather than by a run that was cut off or whose program failed.
  public let isFileNew: Bool
}

extension CertificateLifecycle {
  /// Puts the certificate in use into the file of one of its consumers, once that consumer is known to accept it. Its clients go on with
  /// the certificate before until then.
  ///
  /// It is done only when ``noteTold(_:of:serial:)`` has said so: a run that is cut off in between finds the change again.
  ///
  /// - Parameters:
  ///   - consumer: the consumer as it is configured, and as in its proof.
  ///   - path: written atomically; a symbolic link is replaced, not followed. Nil for a consumer that has a program only.
  /// - Returns: what the consumer's program is to be told; nil where it has heard of the certificate in use, and the file has it.
  /// - Throws: ``LifecycleError`` with ``LifecycleRule/provedFirst`` for a consumer without a proof, or
  ///   ``LifecycleError/Code/fileNotWritten``.
  public func cutOver(_ consumer: CertificateConsumer, of name: String, toFile path: String?) throws -> ConsumerChange? {
    let operation = "cut the consumer \(consumer.name) over to certificate \(name)"
    let lock = try store.lock(name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    guard var record = try store.record(named: name), let active = record.active else {
      throw LifecycleError(.nothingToDo, operation: operation, message: "there is no certificate under this name")
    }
    guard try record.unproved([consumer]).isEmpty else {
      throw LifecycleError(
        .ruleRefused, rule: .provedFirst, operation: operation, message: "it is not known to accept the certificate in use",
        hint: "prove it with: hsmkey certificate probe \(name)")
    }
    let serial = try active.serial()
    let text = try active.certificate().serializeAsPEM().pemString + "\n"
    let changedFile = path.flatMap { FileManager.default.contents(atPath: $0) == Data(text.utf8) ? nil : $0 }
    if let changedFile {
      // Another file than the one that the program has heard of, or one that somebody changed: it must hear of it, whatever happens here.
      if record.toldConsumers[consumer.name] == serial {
        record.toldConsumers[consumer.name] = nil
        try store.commit(record, .proved, detail: ["consumer": consumer.name, "told": "no: its file is to be written again"], at: now())
      }
      let warning = try CertificateFile.replace(changedFile, with: text, name: name, operation: operation, goOnWith: "probe")
      if let warning { say(name, "warning: \(warning)") }
    }
    return record.toldConsumers[consumer.name] == serial ? nil : ConsumerChange(serial: serial, isFileNew: changedFile != nil)
  }

  /// Keeps that a consumer was cut over: the certificate is in its own file, and its own program, where it has one, ended well.
  ///
  /// - Parameters:
  ///   - consumer: the consumer's name, as in its proof.
  ///   - serial: the certificate's, as ``cutOver(_:of:toFile:)`` gave it.
  public func noteTold(_ consumer: String, of name: String, serial: String) throws {
    let operation = "note that the consumer \(consumer) was told of certificate \(name)"
    let lock = try store.lock(name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    guard var record = try store.record(named: name), record.active != nil else {
      throw LifecycleError(.nothingToDo, operation: operation, message: "there is no certificate under this name")
    }
    record.toldConsumers[consumer] = serial
    try store.commit(record, .proved, detail: ["consumer": consumer, "serial": serial, "told": "yes"], at: now())
  }
}
