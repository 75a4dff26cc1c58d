public import X509

extension KeyProof {
  /// The key that a proof is about.
  public struct Key: Sendable, Hashable {
    /// Its name on the token (`CKA_LABEL`).
    public let name: String
    /// Its `CKA_ID`, in hexadecimal.
    public let identifier: String
    /// Algorithm and size, in the tool's words: `rsa-2048`.
    public let algorithm: String
    /// Its PKCS #11 URI (RFC 7512).
    public let uri: String
    /// The public half.
    public let publicKey: Certificate.PublicKey

    /// A key from its parts.
    public init(name: String, identifier: String, algorithm: String, uri: String, publicKey: Certificate.PublicKey) {
      self.name = name
      self.identifier = identifier
      self.algorithm = algorithm
      self.uri = uri
      self.publicKey = publicKey
    }

    /// The DER SubjectPublicKeyInfo.
    public var subjectPublicKeyInfo: [UInt8] { (try? publicKey.subjectPublicKeyInfo) ?? [] }

    /// The SHA-256 of the DER SubjectPublicKeyInfo, in hexadecimal.
    public var publicKeySHA256: String { EvidenceText.sha256(subjectPublicKeyInfo) }

    /// The same in words of the PGP list.
    public var publicKeyWords: [String] { FingerprintWords.words(for: EvidenceText.digest(subjectPublicKeyInfo)) }
  }

  /// What was demanded of a key.
  public struct Policy: Sendable, Hashable {
    /// The policy's name: `non-exportable-signing`.
    public let name: String
    /// Whether the key met it.
    public let isMet: Bool
    /// Rules that the token must claim: its silence is not enough.
    public let mustBeClaimed: [String]
    /// Rules whose violation this policy does not object to.
    public let tolerated: [String]
    /// Rules that were waived for this key, and why.
    public let waivers: [Waiver]

    /// A policy from its parts.
    public init(name: String, isMet: Bool, mustBeClaimed: [String], tolerated: [String] = [], waivers: [Waiver] = []) {
      self.name = name
      self.isMet = isMet
      self.mustBeClaimed = mustBeClaimed
      self.tolerated = tolerated
      self.waivers = waivers
    }
  }

  /// A rule that somebody decided to overlook.
  public struct Waiver: Sendable, Hashable {
    /// The rule's name.
    public let rule: String
    /// Why, in the words of whoever decided it.
    public let reason: String

    /// A waiver from its parts.
    public init(rule: String, reason: String) {
      self.rule = rule
      self.reason = reason
    }
  }

  /// What came of one rule.
  public struct RuleFinding: Sendable, Hashable {
    /// The rule's name: `KEY-SENSITIVE`.
    public let rule: String
    /// `met`, `violated` or `not claimed`.
    public let outcome: String
    /// What the outcome rests on: `token-asserted`, `probed` or `vendor-attested`.
    public let grade: String
    /// What was seen, in a few words.
    public let observed: String
    /// Whether it was waived.
    public let isWaived: Bool

    /// A finding from its parts.
    public init(rule: String, outcome: String, grade: String, observed: String, isWaived: Bool = false) {
      self.rule = rule
      self.outcome = outcome
      self.grade = grade
      self.observed = observed
      self.isWaived = isWaived
    }
  }

  /// Something that the token was asked to do with the key, and must refuse.
  public struct Probe: Sendable, Hashable {
    /// Its name: `wrap-out`.
    public let probe: String
    /// The rule that it puts to the test.
    public let rule: String
    /// What was tried, in a sentence.
    public let action: String
    /// `refused`, `succeeded`, `not possible` or `inconclusive`.
    public let outcome: String
    /// The Cryptoki calls, in order.
    public let calls: [Call]
    /// More about the outcome, where there is.
    public let detail: String?

    /// A probe from its parts.
    public init(probe: String, rule: String, action: String, outcome: String, calls: [Call], detail: String? = nil) {
      self.probe = probe
      self.rule = rule
      self.action = action
      self.outcome = outcome
      self.calls = calls
      self.detail = detail
    }
  }

  /// One call of a Cryptoki function.
  public struct Call: Sendable, Hashable {
    /// The function: `C_WrapKey`.
    public let function: String
    /// The mechanism, where the call has one: `CKM_AES_KEY_WRAP`.
    public let mechanism: String?
    /// What it returned: `CKR_KEY_UNEXTRACTABLE`.
    public let returned: String

    /// A call from its parts.
    public init(function: String, mechanism: String? = nil, returned: String) {
      self.function = function
      self.mechanism = mechanism
      self.returned = returned
    }
  }
}
