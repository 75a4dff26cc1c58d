public import Foundation
public import KeyEvidence
import PKCS11
import SwiftASN1
import X509

extension TokenKeys {
  /// Examines a key and writes down what came of it: the content of an evidence bundle, not signed yet.
  ///
  /// - Parameters:
  ///   - request: what the key is held against, what is tried, and what is attached.
  ///   - time: by the clock of this machine.
  ///   - willProbe: is told of each probe before it is made.
  /// - Throws: ``TokenKeysError`` or `PKCS11Error` when the examination could not be made; `EvidenceError` where a part does not belong
  /// into   a proof, such as another key's certificate. A key that does not meet the policy is no error: that is what the proof then says.
  public func proof(
    of key: TokenKey, _ request: KeyProofRequest, at time: Date = Date(), willProbe: @escaping @Sendable (KeyProbe) -> Void = { _ in }
  ) async throws -> KeyProof {
    let examination = try await examine(key, policy: request.policy, probes: request.probes, willProbe: willProbe)
    let certificates = if let given = request.certificates { given } else { try await Array(self.certificates(of: key).prefix(1)) }
    // As it is now, for the flags.
    let (token, mechanisms) = try await perform(isRepeatable: true) { (try $0.token.information(), try $0.mechanisms()) }
    return try KeyProof(
      key: .init(
        name: key.name, identifier: key.identifier.hexadecimal, algorithm: key.algorithm.rawValue, uri: key.uri.description,
        publicKey: key.publicKey),
      policy: KeyProof.Policy(examination.verdict, request.policy), rules: examination.verdict.findings.map(KeyProof.RuleFinding.init),
      probes: examination.probes.map(KeyProof.Probe.init), token: KeyProof.Token(token),
      library: KeyProof.Library(token.module.information), module: KeyProof.ModuleFile(token.module.file),
      mechanisms: KeyProof.Mechanism.all(mechanisms), tool: request.tool, madeAt: time, challenge: request.challenge,
      certificates: certificates.map { certificate in
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
      }, attestations: request.attestations)
  }
}

extension TokenKey {
  /// Signs a statement on the token, and adds the signature to it.
  ///
  /// - Parameter role: see `StatementSignature.knownRoles`.
  public func sign(_ statement: inout StatementDraft, role: String) async throws {
    let signature = try await sign(statement.bytesToSign)
    guard let algorithm = StatementSignatureAlgorithm(rawValue: signature.algorithm.rawValue) else {
      throw TokenKeysError(
        .algorithmUnsupported, operation: "sign a statement with key \(name)",
        message: "statements are not signed with \(signature.algorithm)")
    }
    try statement.add(
      StatementSignature(
        role: role, algorithm: algorithm, publicKey: publicKey, signature: signature.encodedRepresentation, of: statement))
  }
}
