#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What a module's file must be to be loaded. Whoever can change the file gets every PIN that is entered, and everything that the PIN
/// opens.
///
/// Always demanded, and not to be switched off: the path is absolute; the file, every folder and every symbolic link on the way to it
/// belong to root or to ``owner``; the file and the folders can be written to by their owner only. A folder with the sticky bit (`/tmp`)
/// may be open, because what belongs to somebody else cannot be exchanged in it.
///
/// Not looked at: the libraries that the module loads in its turn, and its own configuration.
public struct ModulePin: Hashable, Sendable {
  /// Whose the file and the folders may be, beside root's.
  public var owner: Owner

  /// The SHA-256 of the file, 32 bytes; `nil` when any content will do.
  public var sha256: [UInt8]?

  /// - Parameters:
  ///   - owner: whose the file and the folders may be, beside root's.
  ///   - sha256: the SHA-256 of the file, 32 bytes.
  public init(owner: Owner = .root, sha256: [UInt8]? = nil) {
    self.owner = owner
    self.sha256 = sha256
  }

  /// A user of this machine. Root can change every file anyway, so root's files are good for every owner.
  public struct Owner: Hashable, Sendable {
    /// The user's number.
    public let identifier: UInt32

    private init(identifier: UInt32) { self.identifier = identifier }

    /// Root alone.
    public static let root = Owner(identifier: 0)

    /// The user with this number.
    public static func user(_ identifier: UInt32) -> Owner { Owner(identifier: identifier) }

    /// The user in whose name this process runs: who can change this process can change the file as well, so nothing is lost to anybody.
    public static var currentUser: Owner { Owner(identifier: geteuid()) }

    /// The user with this name, or with the number that the text is; `nil` when this machine knows no such name.
    public init?(_ text: String) {
      if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
        guard let number = UInt32(text), number != UInt32.max else { return nil }
        identifier = number
        return
      }
      guard !text.isEmpty, !text.utf8.contains(0) else { return nil }
      var entry = unsafe passwd()
      var found: UnsafeMutablePointer<passwd>?
      var strings = [CChar](repeating: 0, count: 1 << 14)
      guard unsafe getpwnam_r(text, &entry, &strings, strings.count, &found) == 0, unsafe found != nil else { return nil }
      identifier = unsafe entry.pw_uid
    }

    func accepts(_ user: UInt32) -> Bool { user == 0 || user == identifier }
  }
}

extension ModulePin.Owner: CustomStringConvertible {
  /// `root`, or the number: `user 1000`.
  public var description: String { identifier == 0 ? "root" : "user \(identifier)" }
}
