public import TokenKeys

/// The throw-away ground that a rehearsal happens on: what the plan finds there, and what people would bring about outside of the tool.
public protocol RehearsalStage: Sendable {
  /// What stands in for an input.
  ///
  /// - Parameter certificateFor: the key that the step imports a certificate for; nil for all other inputs.
  func input(_ id: String, certificateFor: TokenKey?) async throws -> [UInt8]

  /// Makes one token of the plan a copy of another, as the vendor's tool would. No login is open on either.
  func replicate(_ original: String, as copy: String) async throws

  /// The serial number of a token of the plan that is not initialised by it.
  func serial(of token: String) async throws -> String?
}
