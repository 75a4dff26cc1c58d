/// What is known of the service's error codes. The agency publishes no list that could be read, so the table is configuration.
public struct ErrorCodeTable: Sendable, Hashable {
  /// What a code means to us. An open set.
  public struct Class: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The certificate is not there yet: ask again.
    public static let notReady = Class(rawValue: "not-ready")
    /// Asking again is pointless.
    public static let permanent = Class(rawValue: "permanent")
    /// The transfer credentials were wrong, used or too old.
    public static let credentials = Class(rawValue: "credentials")
    /// Nobody has said what it means. Nothing is ever decided by such a code: a question is asked again until its time is up.
    public static let unknown = Class(rawValue: "unknown")

    public var description: String { rawValue }
  }

  private let classes: [String: Class]

  /// - Parameters:
  ///   - notReady: codes that say that the certificate is not there yet.
  ///   - permanent: codes that say that it never will be; a code that stands in both lists is permanent.
  ///   - credentials: codes that say that the transfer credentials were wrong; `PKI020` is the only code with a publicly known meaning.
  public init(notReady: [String] = [], permanent: [String] = [], credentials: [String] = ["PKI020"]) {
    classes = Dictionary(
      credentials.map { ($0, Class.credentials) } + notReady.map { ($0, .notReady) } + permanent.map { ($0, .permanent) },
      uniquingKeysWith: { $1 })
  }

  /// What a code means.
  public func classify(_ code: String) -> Class { classes[code] ?? .unknown }

  /// What an answer with several codes means: the gravest of what is known.
  public func classify(_ codes: [String]) -> Class {
    let found = Set(codes.map { classify($0) })
    return [Class.permanent, .credentials, .notReady].first(where: found.contains) ?? .unknown
  }
}
