public import Foundation
public import KeyEvidence
import SwiftASN1
public import X509

/// A key proof as `key prove` makes it, with a key in software.
public struct ProofFixture: Sendable {
  public let signer: SoftwareSigner
  public var policy: KeyProof.Policy
  public var rules: [KeyProof.RuleFinding]
  public var probes: [KeyProof.Probe]
  public var madeAt = Date(timeIntervalSince1970: 1_767_323_045)
  public var challenge: String? = "blue horse, 2 January"
  public var certificates: [[UInt8]] = []
  public var attestations: [KeyProof.Attestation] = []
  public var isSoftware = true

  public init(_ signer: SoftwareSigner = .p256()) {
    self.signer = signer
    policy = .init(
      name: "a-policy-of-tests", isMet: true, mustBeClaimed: ["KEY-NOT-EXTRACTABLE", "KEY-SENSITIVE"],
      waivers: [.init(rule: "KEY-LOCAL", reason: "generated under witnesses; the token does not keep it")])
    rules = [
      .init(rule: "KEY-SENSITIVE", outcome: "met", grade: "probed", observed: "CKA_SENSITIVE = true"),
      .init(rule: "KEY-NOT-EXTRACTABLE", outcome: "met", grade: "probed", observed: "CKA_EXTRACTABLE = false"),
      .init(rule: "KEY-LOCAL", outcome: "violated", grade: "token-asserted", observed: "CKA_LOCAL = false", isWaived: true),
      .init(rule: "KEY-NOT-COPYABLE", outcome: "not claimed", grade: "token-asserted", observed: "CKA_COPYABLE unknown to the token"),
    ]
    probes = [
      .init(
        probe: "read-private-value", rule: "KEY-SENSITIVE", action: "read the private value", outcome: "refused",
        calls: [.init(function: "C_GetAttributeValue", returned: "CKR_ATTRIBUTE_SENSITIVE")]),
      .init(
        probe: "wrap-out", rule: "KEY-NOT-EXTRACTABLE", action: "wrap the private key with a fresh session key", outcome: "refused",
        calls: [
          .init(function: "C_GenerateKey", mechanism: "CKM_AES_KEY_GEN", returned: "CKR_OK"),
          .init(function: "C_WrapKey", mechanism: "CKM_AES_KEY_WRAP", returned: "CKR_KEY_UNEXTRACTABLE"),
        ]),
      .init(probe: "copy", rule: "KEY-NOT-COPYABLE", action: "copy the key", outcome: "not possible", calls: [], detail: "höh"),
    ]
  }

  /// A fixture that judges every rule of the tool's own policy.
  public static func nonExportableSigning() -> ProofFixture {
    var fixture = ProofFixture()
    let others = [
      "KEY-ALWAYS-SENSITIVE", "KEY-NEVER-EXTRACTABLE", "KEY-ATTRIBUTES-FIXED", "KEY-PRIVATE", "KEY-GENERATED-BY", "KEY-SIGN-ONLY",
      "KEY-SIZE", "KEY-UNIQUE-ID",
    ]
    fixture.rules += others.map { .init(rule: $0, outcome: "met", grade: "token-asserted", observed: "so it is") }
    fixture.policy = .init(
      name: "non-exportable-signing", isMet: true,
      mustBeClaimed: ["KEY-NOT-EXTRACTABLE", "KEY-SENSITIVE", "KEY-SIGN-ONLY", "KEY-SIZE", "KEY-UNIQUE-ID"],
      waivers: fixture.policy.waivers)
    return fixture
  }

  public func proof() throws -> KeyProof {
    try KeyProof(
      key: .init(
        name: "payroll", identifier: "00ff", algorithm: signer.publicKey.algorithmName ?? "", uri: "pkcs11:token=t;object=payroll",
        publicKey: signer.publicKey),
      policy: policy, rules: rules, probes: probes,
      token: .init(
        label: "t", manufacturer: "SoftHSM project", model: "SoftHSM v2", serial: "5a1c", hardwareVersion: "2.6", firmwareVersion: "2.6",
        isSoftware: isSoftware, flags: ["CKF_RNG", "CKF_LOGIN_REQUIRED"]),
      library: .init(description: "Implementation of PKCS11", manufacturer: "SoftHSM", version: "2.6", cryptokiVersion: "2.40"),
      module: .init(
        path: "/usr/lib/softhsm/libsofthsm2.so", realPath: "/usr/lib/softhsm/libsofthsm2.so", sha256: String(repeating: "ab", count: 32),
        size: 1000, owner: 0, group: 0, mode: "0644"),
      mechanisms: [.init(name: "CKM_ECDSA", minimum: 112, maximum: UInt.max, uses: ["sign", "verify"])],
      tool: .init(name: "hsmkey", version: "0.1.0", sha256: String(repeating: "01", count: 32)), madeAt: madeAt, challenge: challenge,
      certificates: certificates, attestations: attestations)
  }

  /// A file, signed by the key itself and by others.
  public func file(_ others: [(String, SoftwareSigner)] = []) throws -> [UInt8] { try Self.file(try proof().content, signer, others) }

  public static func file(_ content: JSONValue, _ signer: SoftwareSigner, _ others: [(String, SoftwareSigner)] = []) throws -> [UInt8] {
    var draft = StatementDraft(format: KeyProof.format, content: content)
    for (role, signer) in [("key", signer)] + others { try draft.add(try signer.signature(role, of: draft)) }
    return draft.encoded()
  }

  /// A certificate for a key, issued by another one or by itself.
  public static func certificate(
    for key: Certificate.PublicKey, issuedBy issuer: (name: String, key: Certificate.PrivateKey), subject: String, isAuthority: Bool = false
  ) throws -> Certificate {
    try Certificate(
      version: .v3, serialNumber: .init(), publicKey: key, notValidBefore: Date(timeIntervalSince1970: 1_700_000_000),
      notValidAfter: Date(timeIntervalSince1970: 2_000_000_000), issuer: try DistinguishedName { CommonName(issuer.name) },
      subject: try DistinguishedName { CommonName(subject) }, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(isAuthority ? BasicConstraints.isCertificateAuthority(maxPathLength: nil) : BasicConstraints.notCertificateAuthority)
      }, issuerPrivateKey: issuer.key)
  }
}

extension Certificate {
  public var der: [UInt8] {
    get throws {
      var serializer = DER.Serializer()
      try serializer.serialize(self)
      return serializer.serializedBytes
    }
  }
}
