/// A person who takes part in a ceremony.
public struct Participant: Sendable, Hashable {
  /// What the person is there for.
  public enum Role: String, Sendable, Hashable, CaseIterable {
    /// Leads the ceremony, reads the script aloud and types at the machine.
    case leader
    /// Handles tokens and machine.
    case `operator`
    /// Holds a share of a PIN.
    case custodian
    /// Watches and signs.
    case witness
    /// Watches for somebody outside.
    case auditor
  }

  /// How the person acknowledges at a gate.
  public enum Acknowledgement: Sendable, Hashable {
    /// Types the words of the digest whose numbers are asked for.
    case words
    /// Types a PIN that the person has chosen at the beginning of this run and that is kept nowhere.
    case pin
    /// Signs with a key on a token of the person's own; the SHA-256 of its SubjectPublicKeyInfo, in hexadecimal.
    case key(publicKeySHA256: String)
  }

  /// The name in the plan: letters, digits, `-`, `_` and `.`, 1 to 64.
  public let id: String
  /// The person's name, or the function where persons change.
  public let name: String
  /// What the person is there for.
  public let role: Role
  /// How the person acknowledges.
  public let acknowledgement: Acknowledgement
}
