public import TokenKeys

/// A token of a plan.
public struct PlanToken: Sendable, Hashable {
  /// The name in the plan.
  public let id: String
  /// The token's label, 1 to 32 bytes: what it has, or what it gets when the plan initialises it.
  public let label: String
  /// The PIN, by name, that logs the user in.
  public let userPIN: String
  /// The security officer's, by name, where a step needs it.
  public let securityOfficerPIN: String?
}

/// A PIN of a plan: where it comes from, never what it is.
public struct PlanPIN: Sendable, Hashable {
  /// Where a PIN comes from.
  public enum Origin: Sendable, Hashable {
    /// The site says where: a prompt, a file, the device's own pad.
    case site
    /// Generated on the spot and shared among custodians, or combined from shares that they brought.
    case shared(threshold: Int, custodians: [String], length: Int, alphabet: Alphabet)
  }

  /// What a generated PIN is made of.
  public enum Alphabet: String, Sendable, Hashable, CaseIterable {
    /// `0` to `9`.
    case digits
    /// Digits and small letters without those that look alike (`0 1 i l o`).
    case lettersAndDigits = "letters-and-digits"
  }

  /// The name in the plan.
  public let id: String
  /// Where it comes from.
  public let origin: Origin
}

/// A key of a plan: on which token, and its name there (`CKA_LABEL`).
public struct PlanKey: Sendable, Hashable {
  /// The token's name in the plan.
  public let token: String
  /// The key's name on the token.
  public let name: String
}

/// What is on the tokens before a ceremony begins. A rehearsal makes it.
public struct PlanBefore: Sendable, Hashable {
  /// A key that is there.
  public struct Key: Sendable, Hashable {
    /// Where it is, and its name there.
    public let key: PlanKey
    /// What it is.
    public let algorithm: KeyAlgorithm
    /// What a rehearsal makes it by.
    public let policy: KeyPolicy
  }

  /// A certificate of the configuration that is in use, and its key.
  public struct Enrolled: Sendable, Hashable {
    /// The token's name in the plan.
    public let token: String
    /// The certificate's name in the configuration.
    public let certificate: String
    /// The customer's business id, as the certificate service knows it.
    public let customerID: String
    /// The customer's name.
    public let customerName: String
  }

  /// Keys that steps name.
  public let keys: [Key]
  /// Certificates that steps name.
  public let enrolled: [Enrolled]
}

/// A file that a ceremony reads.
public struct PlanInput: Sendable, Hashable {
  /// The name in the plan.
  public let id: String
  /// What it is.
  public let description: String
  /// Its SHA-256 in hexadecimal, where it is known when the plan is written.
  public let sha256: String?
}

/// A file that a ceremony writes, in the site's output folder.
public struct PlanOutput: Sendable, Hashable {
  /// The name in the plan.
  public let id: String
  /// Its name in the output folder; no slash.
  public let file: String
}
