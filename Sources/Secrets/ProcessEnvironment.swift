import Glibc
import Synchronization

/// The environment of this process, variable by variable. Whoever takes all of it at once (`ProcessInfo.environment`) makes copies of the
/// secrets in it, which nobody wipes.
public enum ProcessEnvironment {
  /// The values of these variables, without those that are not set or not text.
  public static func values(of names: [String]) -> [String: String] {
    var values: [String: String] = [:]
    for name in names {
      if let value = unsafe getenv(name) { unsafe values[name] = String(validatingCString: value) }
    }
    return values
  }

  /// Sets a variable, for modules that look there. Nobody else may read or set variables meanwhile: do it before there is much else.
  public static func set(_ name: String, to value: String) { unsafe _ = setenv(name, value, 1) }
}

/// Secrets that came in environment variables. The first use moves one into pages of its own, for the life of the process, and
/// overwrites it where it stood, so that it can no longer be seen in `/proc/PID/environ` and no program that is started from here
/// inherits it.
enum EnvironmentSecrets {
  private final class Kept: Sendable {
    let secret: SecretBytes
    /// Where the value stood. A variable that is set anew stands elsewhere.
    let place: UInt

    init(_ secret: consuming SecretBytes, _ place: UInt) {
      self.secret = secret
      self.place = place
    }
  }

  private static let kept = Mutex<[String: Kept]>([:])

  /// A copy of the secret; `nil` when the variable is not set.
  static func copy(of name: String) -> SecretBytes? {
    let kept: Kept? = kept.withLock { kept in
      guard let value = unsafe getenv(name) else { return nil }
      let place = UInt(bitPattern: value)
      let count = unsafe strlen(value)
      if count == 0, let earlier = kept[name], earlier.place == place { return earlier }
      let now = Kept(unsafe copy(value, min(count, SecretSource.readLimit)), place)
      unsafe explicit_bzero(value, count)
      kept[name] = now
      return now
    }
    guard let kept else { return nil }
    return SecretBytes(capacity: kept.secret.count) { (output: inout OutputSpan<UInt8>) in
      kept.secret.withBytes { bytes in for index in bytes.indices { output.append(bytes[index]) } }
    }
  }

  private static func copy(_ value: UnsafeMutablePointer<CChar>, _ count: Int) -> SecretBytes {
    SecretBytes(capacity: count) { (output: inout OutputSpan<UInt8>) in
      for index in 0..<count { unsafe output.append(UInt8(bitPattern: value[index])) }
    }
  }
}
