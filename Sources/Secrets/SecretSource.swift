/// Where a secret comes from. The description is the place, never the secret.
///
/// | text | source |
/// |---|---|
/// | `prompt` | asked on the terminal, without echo |
/// | `fd:N` | an open descriptor, read to its end |
/// | `file:PATH` | a regular file that only its owner can read |
/// | `credential:NAME` | a systemd credential (`LoadCredential=`), a file in `$CREDENTIALS_DIRECTORY` |
/// | `env:NAME` | an environment variable; works, with a ``warning`` |
/// | `protected-path` | entered on the device's own pad; no program sees it |
///
/// One source has no text form: a secret that this process holds (``held(_:name:)``).
public struct SecretSource: Sendable, Hashable, CustomStringConvertible {
  enum Kind: Hashable {
    case prompt, protectedPath
    case descriptor(CInt)
    case file(String)
    case credential(String)
    case environment(String)
    case held(HeldSecret, String)
  }

  let kind: Kind

  private init(_ kind: Kind) { self.kind = kind }

  /// The longest secret that any source gives, in bytes.
  public static let maximumCount = 1024

  /// Asks on the terminal, without echo.
  public static let prompt = SecretSource(.prompt)

  /// The device asks on its own pad (`CKF_PROTECTED_AUTHENTICATION_PATH`); ``read(purpose:confirm:)`` refuses.
  public static let protectedPath = SecretSource(.protectedPath)

  /// Gives a secret that this process holds already: a PIN that was combined from shares, or made for a token that is thrown away.
  ///
  /// No text is read as this source. Two are the same when they give the same ``HeldSecret`` under the same name.
  ///
  /// - Parameter name: what it is, in messages: shown as `held:NAME`.
  public static func held(_ secret: HeldSecret, name: String) -> SecretSource { SecretSource(.held(secret, name)) }

  /// Reads the text of a source.
  ///
  /// - Throws: ``SecretRule/source`` for any other text, which is not repeated in the error: it may be a secret.
  public init(parsing text: String) throws(SecretError) {
    switch text {
    case "prompt": self = .prompt
    case "protected-path": self = .protectedPath
    default:
      guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw Self.refusal(of: text) }
      let value = String(text[text.index(after: colon)...])
      switch text[..<colon] {
      case "fd":
        guard (1...9).contains(value.utf8.count), value.utf8.allSatisfy(\.isDigit), let number = CInt(value) else {
          throw Self.malformed("fd:N", "N is the number of an open descriptor")
        }
        kind = .descriptor(number)
      case "file":
        guard !value.isEmpty, !value.utf8.contains(0), !value.lowercased().hasPrefix("pkcs11:") else {
          throw Self.malformed("file:PATH", "PATH is the path of a file, and no pkcs11: URI is one")
        }
        kind = .file(value)
      case "credential":
        guard !value.isEmpty, value != ".", value != "..", !value.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }) else {
          throw Self.malformed("credential:NAME", "NAME is a name in $CREDENTIALS_DIRECTORY, without a slash")
        }
        kind = .credential(value)
      case "env":
        guard let first = value.utf8.first, !first.isDigit, value.utf8.allSatisfy(\.isVariableName) else {
          throw Self.malformed("env:NAME", "NAME is the name of an environment variable")
        }
        kind = .environment(value)
      default: throw Self.refusal(of: text)
      }
    }
  }

  /// Whether the device asks on its own pad.
  public var isProtectedPath: Bool { kind == .protectedPath }

  /// Whether a person gives the secret each time: at a prompt, or at the device's own pad. All other sources are stored or handed over by
  /// another program.
  public var isPerson: Bool { kind == .prompt || kind == .protectedPath }

  /// Whether the secret can be had once more without anybody's help. A person has gone, and a descriptor is at its end.
  public var canBeReadAgain: Bool {
    switch kind {
    case .prompt, .descriptor: false
    case .protectedPath, .file, .credential, .environment, .held: true
    }
  }

  /// The environment variable that holds the secret, where it comes from one: it must not be handed on to other programs.
  public var environmentVariable: String? {
    guard case .environment(let name) = kind else { return nil }
    return name
  }

  /// What a person should know before this source is used.
  public var warning: String? {
    guard case .environment(let name) = kind else { return nil }
    return "the environment variable \(name) is visible to other processes of this user and to every program that is started from here; "
      + "prefer fd:N, file:PATH or credential:NAME"
  }

  public var description: String {
    switch kind {
    case .prompt: "prompt"
    case .protectedPath: "protected-path"
    case .descriptor(let number): "fd:\(number)"
    case .file(let path): "file:\(path)"
    case .credential(let name): "credential:\(name)"
    case .environment(let name): "env:\(name)"
    case .held(_, let name): "held:\(name)"
    }
  }

  /// Whether this process holds the secret. It was given for what it is used for, so there is nothing that could be mixed up.
  public var isHeld: Bool { if case .held = kind { true } else { false } }

  private static let kinds = "prompt, fd:N, file:PATH, credential:NAME, env:NAME or protected-path"

  private static func refusal(of text: String) -> SecretError {
    text.hasPrefix("|")
      ? SecretError(
        .source, "read a secret source", "a command is no source of secrets",
        hint: "let the shell run it and name the descriptor: fd:3, with 3< <(command) at the end of the line")
      : SecretError(
        .source, "read a secret source", "the text is no source of secrets (it is not repeated here, it may be a secret)",
        hint: "use \(kinds)")
  }

  private static func malformed(_ form: String, _ meaning: String) -> SecretError {
    SecretError(.source, "read a secret source", "the text does not have the form \(form)", hint: meaning)
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  fileprivate var isVariableName: Bool {
    isDigit || self == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
  }
}
