/// What becomes of a renewal whose outcome is not known. An open set.
///
/// Nothing is published about whether a renewal may be repeated: whether the service issues a second certificate, answers with the first,
/// or refuses; and whether it counts them. ``ask`` leaves that to a person. ``repeat`` sends the renewal again, with the same key and
/// request, at the next run; at worst the customer then has two valid certificates for one key, of which this program knows one.
public struct UncertainRenewal: RawRepresentable, Hashable, Sendable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Refuse and say how to go on.
  public static let ask = UncertainRenewal(rawValue: "ask")
  /// Send it again at the next run.
  public static let `repeat` = UncertainRenewal(rawValue: "repeat")
}
