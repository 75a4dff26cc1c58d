/// The rules by which a secret is taken or refused.
public struct SecretRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ rawValue: String) { self.rawValue = rawValue }
  public var description: String { rawValue }

  /// A secret comes from a source of a known kind: never a literal, never the output of a command. A text of any other kind is not
  /// repeated, because it may be the secret.
  public static let source = SecretRule("SECRET-SOURCE")
  /// A secret file can be opened and read.
  public static let fileReadable = SecretRule("SECRET-FILE-READABLE")
  /// A secret file is a regular file: no symbolic link, pipe, device or folder.
  public static let fileType = SecretRule("SECRET-FILE-TYPE")
  /// A secret file belongs to the user who reads it, or to root.
  public static let fileOwner = SecretRule("SECRET-FILE-OWNER")
  /// A secret file gives no permission to its group or to others.
  public static let fileMode = SecretRule("SECRET-FILE-MODE")
  /// A credential is a file that the service manager put into `$CREDENTIALS_DIRECTORY`, a folder that no other user can write to.
  public static let credential = SecretRule("SECRET-CREDENTIAL")
  /// A descriptor is open for reading and is no terminal, which would show what is typed.
  public static let descriptor = SecretRule("SECRET-DESCRIPTOR")
  /// A descriptor gives its secret, and the end of it, within five minutes.
  public static let descriptorTime = SecretRule("SECRET-DESCRIPTOR-TIME")
  /// The environment variable that is to hold a secret is set.
  public static let environment = SecretRule("SECRET-ENVIRONMENT")
  /// A prompt needs a terminal.
  public static let noTerminal = SecretRule("SECRET-NO-TERMINAL")
  /// A line of text that is typed on the terminal is UTF-8 without control characters, and has at most 4096 bytes.
  public static let line = SecretRule("SECRET-LINE")
  /// A prompt that is interrupted gives no secret.
  public static let interrupted = SecretRule("SECRET-INTERRUPTED")
  /// A new secret is typed twice in the same way.
  public static let confirmation = SecretRule("SECRET-CONFIRMATION")
  /// A secret that is entered on the device's own pad cannot be read by a program.
  public static let protectedPath = SecretRule("SECRET-PROTECTED-PATH")
  /// A secret has at least one byte.
  public static let empty = SecretRule("SECRET-EMPTY")
  /// A secret has at most 1024 bytes.
  public static let length = SecretRule("SECRET-LENGTH")
  /// A folder for what concerns secrets belongs to the user who runs the program, lets nobody else in, and is no symbolic link.
  public static let folder = SecretRule("SECRET-FOLDER")
  /// A file in such a folder can be written and locked.
  public static let fileWritable = SecretRule("SECRET-FILE-WRITABLE")

  public static let allCases: [SecretRule] = [
    source, fileReadable, fileType, fileOwner, fileMode, credential, descriptor, descriptorTime, environment, noTerminal, line,
    interrupted, confirmation, protectedPath, empty, length, folder, fileWritable,
  ]
}
