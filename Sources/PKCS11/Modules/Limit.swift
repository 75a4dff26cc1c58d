internal import CCryptoki

/// A limit as a token tells it: a number, none, or not told.
public enum Limit: Hashable, Sendable {
  /// There is no limit that matters (`CK_EFFECTIVELY_INFINITE`).
  case infinite
  /// The token does not tell (`CK_UNAVAILABLE_INFORMATION`).
  case unavailable
  /// At most this many.
  case maximum(Int)

  init(_ value: CK_ULONG) {
    switch value {
    case CK_EFFECTIVELY_INFINITE: self = .infinite
    case CK_UNAVAILABLE_INFORMATION: self = .unavailable
    // openCryptoki says the largest number but one. Nobody opens two thousand million sessions.
    case CK_ULONG(Int32.max)...: self = .infinite
    default: self = .maximum(Int(clamping: value))
    }
  }
}

extension Limit: CustomStringConvertible {
  public var description: String {
    switch self {
    case .infinite: "no limit"
    case .unavailable: "not told"
    case .maximum(let count): String(count)
    }
  }
}
