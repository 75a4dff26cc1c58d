/// What a ceremony shall be: one reviewed file that people and the tool read alike.
///
/// It holds no secret, no slot, no serial number and no path: those are the site's (``SiteBinding``). A plan that exists has passed every
/// check that can be made without a token.
public struct CeremonyPlan: Sendable, Hashable {
  /// The first line of every plan: `format: hsmkey-ceremony-plan/1`.
  public static let format = "hsmkey-ceremony-plan/1"
  /// The largest plan, in bytes.
  public static let maximumSize = 256 << 10

  /// A short name for files and records: letters, digits, `-`, `_` and `.`, 1 to 64.
  public let name: String
  /// What people call it.
  public let title: String
  /// What it is for, in a sentence or a few.
  public let purpose: String?
  /// Who takes part, in the file's order. The first one leads.
  public let participants: [Participant]
  /// The tokens, by their names in the plan.
  public let tokens: [PlanToken]
  /// The PINs, by their names in the plan; never their values.
  public let pins: [PlanPIN]
  /// What is on the tokens before the ceremony begins.
  public let before: PlanBefore
  /// Files that the ceremony reads.
  public let inputs: [PlanInput]
  /// Files that it writes.
  public let outputs: [PlanOutput]
  /// Orders of the certificate service, whose transfer id and password the site gives.
  public let orders: [String]
  /// The key that signs the transcript at its end.
  public let ceremonyKey: PlanKey
  /// What is done, in this order.
  public let steps: [PlanStep]
  /// The file, byte for byte: what was reviewed, rehearsed and is performed.
  public let bytes: [UInt8]
  /// The SHA-256 of ``bytes``.
  public let sha256: [UInt8]
}

extension CeremonyPlan {
  /// The participant with this name in the plan.
  public func participant(_ id: String) -> Participant? { participants.first { $0.id == id } }
  /// The token with this name in the plan.
  public func token(_ id: String) -> PlanToken? { tokens.first { $0.id == id } }
  /// The PIN with this name in the plan.
  public func pin(_ id: String) -> PlanPIN? { pins.first { $0.id == id } }
  /// The output with this name in the plan.
  public func output(_ id: String) -> PlanOutput? { outputs.first { $0.id == id } }
  /// The input with this name in the plan.
  public func input(_ id: String) -> PlanInput? { inputs.first { $0.id == id } }
}
