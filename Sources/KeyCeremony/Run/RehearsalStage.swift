public import Secrets
public import TokenKeys

/// The throw-away ground that a rehearsal happens on: what the plan finds there, and what people would bring about outside of the tool.
public protocol RehearsalStage: Sendable {
  /// What stands in for an input.
  ///
  /// - Parameter certificateFor: the key that the step imports a certificate for; nil for all other inputs.
  func input(_ id: String, certificateFor: TokenKey?) async throws -> [UInt8]

  /// Makes one token of the plan a copy of another, as the vendor's tool would, and gives it its own user PIN. No login is open on either,
  /// and nobody in this process has the module initialised.
  ///
  /// - Parameters:
  ///   - serial: the serial number of the original.
  ///   - pin: the user PIN of the original, as it is now.
  ///   - copy: the name of the other token in the plan.
  ///   - copyPIN: the user PIN that the other token has.
  func replicate(serial: String, pin: SecretSource, as copy: String, pin copyPIN: SecretSource) async throws

  /// The serial number of a token of the plan that is not initialised by it.
  func serial(of token: String) async throws -> String?

  /// A shared PIN that tokens of the plan have from before, and that nobody has cards of; nil for one that the plan itself shares.
  func sharedPIN(_ id: String) async -> HeldSecret?
}
