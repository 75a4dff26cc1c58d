/// A secret that this process holds for longer than one use: a PIN that was combined from shares. Wiped when the last reference ends.
public final class HeldSecret: Sendable {
  private let secret: SecretBytes

  /// Holds a secret.
  public init(_ secret: consuming SecretBytes) { self.secret = secret }

  /// The length in bytes.
  public var count: Int { secret.count }

  /// Lends the bytes for the duration of `body`. The span cannot leave the closure; do not copy what it shows.
  public func withBytes<Result, Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> Result) throws(Failure) -> Result {
    try secret.withBytes(body)
  }

  /// A copy in pages of its own.
  public func copy() -> SecretBytes {
    SecretBytes(capacity: secret.count) { (output: inout OutputSpan<UInt8>) in
      secret.withBytes { bytes in
        for index in bytes.indices { output.append(bytes[index]) }
      }
    }
  }
}

/// The same one, not the same bytes.
extension HeldSecret: Hashable {
  public static func == (left: HeldSecret, right: HeldSecret) -> Bool { left === right }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
