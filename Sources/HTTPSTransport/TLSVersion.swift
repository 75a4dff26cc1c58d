import CTransport

/// A version of TLS, as OpenSSL writes it.
public struct TLSVersion: RawRepresentable, Hashable, Sendable, Comparable, CaseIterable, CustomStringConvertible {
  public let rawValue: String

  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  private init(_ name: String) { rawValue = name }

  /// RFC 5246: the oldest one that is spoken.
  public static let tls12 = TLSVersion("TLSv1.2")
  /// RFC 8446.
  public static let tls13 = TLSVersion("TLSv1.3")

  public static let allCases: [TLSVersion] = [.tls12, .tls13]

  public static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }

  public var description: String { rawValue }
}

extension ClosedRange<TLSVersion> {
  /// The value of CURLOPT_SSLVERSION(3).
  var curlValue: Int {
    (lowerBound == .tls12 ? CURL_SSLVERSION_TLSv1_2 : CURL_SSLVERSION_TLSv1_3)
      | (upperBound == .tls12 ? CURL_SSLVERSION_MAX_TLSv1_2 : CURL_SSLVERSION_MAX_TLSv1_3)
  }
}
