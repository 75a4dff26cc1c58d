public import Foundation
public import X509

/// Holds certificates against the revocation lists of the authorities that issued them.
public struct RevocationCheck: Sendable {
  /// How seriously revocation lists are taken.
  public struct Mode: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// The name, as configuration writes it.
    public let rawValue: String
    /// A mode by its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The name.
    public var description: String { rawValue }
    /// All of them.
    public static let allCases: [Mode] = [.off, .warn, .enforce]

    /// No list is looked at.
    public static let off = Mode(rawValue: "off")
    /// What ``enforce`` would refuse is said and let pass.
    public static let warn = Mode(rawValue: "warn")
    /// A revoked certificate is refused, and so is one of which nobody can tell.
    public static let enforce = Mode(rawValue: "enforce")
  }

  /// How seriously lists are taken.
  public let mode: Mode

  /// Looks at no list.
  public static let off = RevocationCheck(mode: .off)

  private init(mode: Mode) {
    self.mode = mode
  }

  /// Holds a certificate against the list of its issuer.
  ///
  /// - Parameters:
  ///   - chain: the certificate and the authorities above it, as ``TrustAnchors/validate(_:at:)`` gives them.
  ///   - time: when the list must be current.
  /// - Returns: what would have been refused, in mode ``Mode/warn``; one sentence each.
  public func check(_ chain: [Certificate], at time: Date) async throws(CertificateServiceError) -> [String] { [] }
}
