import Crypto
public import Foundation

/// When a timer renews a certificate: a little after its window opens, at a moment that differs from certificate to certificate and stays
/// the same from run to run, so that a thousand certificates of one day do not come to the service in one minute.
public struct RenewalSchedule: Sendable, Hashable {
  /// Over how much time renewals are spread, from the opening of the window on.
  public let spread: Duration

  /// - Parameter spread: where it is longer than a third of the window, the third counts: there must be time left for things to go wrong.
  public init(spread: Duration = .seconds(5 * 86_400)) { self.spread = spread }

  /// When the certificate is due: from this moment on a timer renews it.
  ///
  /// The moment comes from SHA-256 of the name and the expiry: each renewal of a name falls differently, and each run finds the same.
  public func due(_ window: RenewalWindow, name: String) -> Date {
    let longest = window.closes.timeIntervalSince(window.opens) / 3
    let seconds = min(max(0, spread / .seconds(1)), longest)
    let digest = SHA256.hash(data: Array("\(Int64(window.closes.timeIntervalSince1970)) \(name)".utf8))
    let fraction = digest.prefix(8).reduce(0.0) { $0 * 256 + Double($1) } / 0x1p64
    return window.opens.addingTimeInterval((seconds * fraction).rounded(.down))
  }
}
