public import Foundation
public import X509

/// The time in which a certificate can be renewed: from 60 days before it expires until it expires.
public struct RenewalWindow: Sendable, Hashable {
  /// How long before the end the window opens, in seconds: 60 days of 86,400 seconds.
  public static let length: TimeInterval = 60 * 86_400

  /// From this moment on it can be renewed.
  public let opens: Date
  /// From this moment on it cannot: the certificate has expired.
  public let closes: Date

  /// The window of a certificate, from its expiry.
  public init(of certificate: Certificate) { self.init(closes: certificate.notValidAfter) }

  /// The window of a certificate that expires at a time.
  public init(closes: Date) {
    self.closes = closes
    opens = closes.addingTimeInterval(-Self.length)
  }

  /// Refuses when `time` is before or after the window.
  ///
  /// - Parameter name: the certificate's, for the hint.
  public func check(at time: Date, name: String, operation: String) throws(LifecycleError) {
    if time >= closes {
      throw LifecycleError(
        .ruleRefused, rule: .expired, operation: operation,
        message: "the certificate expired on \(closes.ISO8601Format()) and can no longer be renewed",
        hint: "order a new certificate in the agency's e-service, then run: hsmkey certificate enrol \(name) --transfer-id ID")
    }
    if time < opens {
      throw LifecycleError(
        .ruleRefused, rule: .window, operation: operation,
        message:
          "the service renews a certificate only within 60 days of its expiry; this one can be renewed from \(opens.ISO8601Format())",
        hint: "run this again from \(opens.formatted(.iso8601.year().month().day())) on; until then there is nothing to do")
    }
  }

  /// Whether the certificate can be renewed at a time.
  public func contains(_ time: Date) -> Bool { time >= opens && time < closes }
}
