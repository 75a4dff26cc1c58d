internal import CCryptoki

/// A version as PKCS #11 writes it: of the standard, of a library, of hardware or firmware (`CK_VERSION`).
public struct Version: Hashable, Sendable {
  /// What stands before the full stop.
  public let major: UInt8
  /// What stands behind it, as a number: 2.40 has 40.
  public let minor: UInt8

  /// A version of two numbers.
  public init(major: UInt8, minor: UInt8) {
    self.major = major
    self.minor = minor
  }

  init(_ version: CK_VERSION) {
    self.init(major: version.major, minor: version.minor)
  }
}

extension Version: Comparable {
  public static func < (left: Version, right: Version) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }
}

extension Version: CustomStringConvertible {
  /// `2.40`, `3.0`.
  public var description: String { "\(major).\(minor)" }
}
