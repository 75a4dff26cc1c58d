/// A statement that is being made: content, and then signatures over it.
///
/// ```swift
/// var draft = StatementDraft(format: KeyProof.format, content: proof.content)
/// let signature = try await key.sign(draft.bytesToSign)
/// try draft.add(StatementSignature(role: "key", algorithm: .ecdsaSHA256, publicKey: key.publicKey, signature: signature, of: draft))
/// try file.write(draft.encoded())
/// ```
public struct StatementDraft: Sendable {
  /// What kind of document it is, with its version: `hsmkey-key-proof/1`.
  public let format: String
  /// What is stated: an object.
  public let content: JSONValue
  /// The signatures so far, in the order of the document.
  public private(set) var signatures: [StatementSignature] = []
  /// What each signer signs: the canonical bytes of the manifest.
  public let bytesToSign: [UInt8]
  private let manifest: StatementManifest

  /// A statement without signatures.
  public init(format: String, content: JSONValue) {
    self.format = format
    self.content = content
    manifest = StatementManifest(format: format, content: content)
    bytesToSign = manifest.bytes
  }

  /// Adds a signature.
  ///
  /// - Throws: `EVIDENCE-SIGNATURE` for one over other bytes; `EVIDENCE-SIGNERS` for a second one by the same key, and for one too many.
  public mutating func add(_ signature: StatementSignature) throws(EvidenceError) {
    guard signature.signedBytes == bytesToSign else {
      throw EvidenceError(
        .signature, where: "/signatures", operation: "sign the statement", message: "the signature is over another statement")
    }
    guard !signatures.contains(where: { $0.publicKeySHA256 == signature.publicKeySHA256 }) else {
      throw EvidenceError(.signers, where: "/signatures", operation: "sign the statement", message: "this key has signed already")
    }
    guard signatures.count < StatementSignature.maximumCount else {
      throw EvidenceError(
        .signers, where: "/signatures", operation: "sign the statement",
        message: "there are \(StatementSignature.maximumCount) signatures, and no more are taken")
    }
    signatures.append(signature)
    signatures.sort(by: StatementSignature.isAscending)
  }

  /// The bytes of the file: canonical JSON, without a line end.
  public func encoded() -> [UInt8] {
    CanonicalJSON.encode(["content": content, "manifest": manifest.value, "signatures": .array(signatures.map(\.value))])
  }
}
