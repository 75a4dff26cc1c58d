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
