public import Foundation
public import X509

/// A key proof whose statement verifies and which the very key that it is about has signed.
///
/// Only the check makes one. It says that these are the words of whoever used this key, and that nobody changed them. Whose key it is,
/// whether the policy is met and whether an auditor signed is the caller's to ask.
public struct VerifiedKeyProof: Sendable {
  /// What is stated.
  public let proof: KeyProof
  /// Who signed, the key itself among them.
  public let signatures: [StatementSignature]
  /// When it was checked, by the checker's clock.
  public let checkedAt: Date

  /// How far into the future a proof may have been made: clocks differ.
  public static let clockTolerance: TimeInterval = 300

  /// Checks the bytes of a file.
  ///
  /// - Parameter time: the checker's time; a proof made more than ``clockTolerance`` later is refused.
  /// - Throws: what ``VerifiedStatement/verify(_:format:)`` and ``KeyProof/init(content:)`` throw; `EVIDENCE-KEY-SIGNED` where the key
  /// itself did not
  ///   sign; `EVIDENCE-TIME` for a proof from the future.
  public static func verify(_ bytes: [UInt8], at time: Date = Date()) throws(EvidenceError) -> VerifiedKeyProof {
    let statement = try VerifiedStatement.verify(bytes, format: KeyProof.format)
    let proof = try KeyProof(content: statement.content)
    for (index, signature) in statement.signatures.enumerated()
    where (signature.role == "key") != (signature.publicKey == proof.key.publicKey) {
      throw EvidenceError(
        .keySigned, where: "/signatures/\(index)/role", operation: operation,
        message: signature.role == "key" ? "another key signed in the role of the key itself" : "the key itself signed in another role")
    }
    guard statement.signatures.contains(where: { $0.role == "key" }) else {
      throw EvidenceError(
        .keySigned, where: "/signatures", operation: operation, message: "the key that the proof is about did not sign it",
        hint: "a proof that is not signed by its key shows nothing of it: have it made again with hsmkey key prove")
    }
    guard proof.madeAt <= time.addingTimeInterval(clockTolerance) else {
      throw EvidenceError(
        .time, where: "/content/made-at", operation: operation,
        message: "it was made at \(EvidenceTime.text(proof.madeAt)), and here it is \(EvidenceTime.text(time))",
        hint: "look at the clocks of both machines")
    }
    return VerifiedKeyProof(proof: proof, signatures: statement.signatures, checkedAt: time)
  }

  private static let operation = "verify the key proof"

  /// The signature of a key, if it signed.
  public func signature(of key: Certificate.PublicKey) -> StatementSignature? { signatures.first { $0.publicKey == key } }
}

extension VerifiedKeyProof {
  /// That the proof is about this key.
  ///
  /// - Throws: `EVIDENCE-KEY-NAMED`.
  public func check(key: Certificate.PublicKey) throws(EvidenceError) {
    guard proof.key.publicKey != key else { return }
    let named = (try? key.subjectPublicKeyInfo).map(EvidenceText.sha256) ?? "another"
    throw EvidenceError(
      .keyNamed, where: "/content/key/public-key", operation: Self.operation,
      message: "the proof is about the key with the SHA-256 \(proof.key.publicKeySHA256), and the key that was named has \(named)")
  }

  /// That this key, an auditor's, has signed.
  ///
  /// - Throws: `EVIDENCE-AUDITOR-SIGNED`.
  public func check(auditor key: Certificate.PublicKey) throws(EvidenceError) {
    guard !signatures.contains(where: { $0.publicKey == key && $0.role != "key" }) else { return }
    let named = (try? key.subjectPublicKeyInfo).map(EvidenceText.sha256) ?? "that was named"
    throw EvidenceError(
      .auditorSigned, where: "/signatures", operation: Self.operation, message: "the auditor's key with the SHA-256 \(named) did not sign")
  }

  /// That the proof repeats a challenge.
  ///
  /// - Throws: `EVIDENCE-CHALLENGE`.
  public func check(challenge: String) throws(EvidenceError) {
    guard let stated = proof.challenge else {
      throw EvidenceError(
        .challenge, where: "/content", operation: Self.operation, message: "the proof repeats no challenge",
        hint: "have it made again with hsmkey key prove --challenge")
    }
    guard Array(stated.utf8) == Array(challenge.utf8) else {
      throw EvidenceError(
        .challenge, where: "/content/challenge", operation: Self.operation, message: "the proof repeats another challenge",
        hint: "it may have been made on another occasion")
    }
  }
}
