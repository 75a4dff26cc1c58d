import Foundation
public import PKCS11
public import Secrets
import Synchronization

/// Everything that happens between "this token is chosen" and "logged in": whether a PIN may be tried, reading it, trying it once, and
/// remembering what came of it for every other process.
///
/// All of it is synchronous and blocks: it runs on a thread of ours. The same value serves the first login and, where the source allows it
/// (``canRepeat``), every later one.
public struct TokenLogin: Sendable {
  /// The token that the PIN is for.
  public let token: Token
  /// Where the PIN comes from.
  public let source: SecretSource
  /// Who logs in: the user or the security officer.
  public let user: UserType
  /// Where refused PINs are remembered.
  public let memory: PINMemory
  /// A person is there who can be asked.
  public let isAttended: Bool
  let lastTryWasAskedFor: Bool
  /// What the caller knows the reason of, so that nobody has to be asked: a try that it has just made itself.
  package var agreed: Set<KeyRule> = []
  private let readings = Readings()

  /// What asks the person, and what tells the time; tests put their own here.
  var confirm: @Sendable ([String]) throws -> Bool = { try TerminalQuestion($0).isAnsweredYes() }
  var now: @Sendable () -> Date = { Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down)) }

  /// - Parameters:
  ///   - token: the one token that the PIN is for. It is chosen before any PIN is read.
  ///   - pin: where the PIN comes from.
  ///   - user: the user or the security officer.
  ///   - memory: where refused PINs are remembered.
  ///   - isAttended: a person is there who can be asked on the terminal; without a value, when the PIN itself comes from a person.
  ///   - usesLastTry: a person wants the last try before the token locks the PIN; takes effect only when the PIN comes from a person.
  public init(
    token: Token, pin: SecretSource, user: UserType = .user, memory: PINMemory = PINMemory(), isAttended: Bool? = nil,
    usesLastTry: Bool = false
  ) {
    self.token = token
    source = pin
    self.user = user
    self.memory = memory
    self.isAttended = isAttended ?? pin.isPerson
    lastTryWasAskedFor = usesLastTry
  }

  /// Whether a login that was lost can be had again without anybody's help: not from a prompt, and not from a descriptor.
  public var canRepeat: Bool { source.canBeReadAgain }

  /// Logs in, unless that user is logged in already: then no PIN is read. Call it again on the same value when the login was lost.
  ///
  /// - Parameter session: with this token; read-write for the security officer.
  /// - Returns: what a person should know about the PIN.
  /// - Throws: ``TokenKeysError`` when no PIN was tried, its rule says why; with ``TokenKeysError/Code/loginNotRepeatable`` when the login
  ///   was lost and ``canRepeat`` is false. `SecretError` when the PIN cannot be read; `PKCS11Error` for what the token answered.
  @discardableResult
  public func logIn(_ session: inout Session) throws -> [LoginNotice] {
    if try session.isLoggedIn(as: user) { return [] }
    try checkReadings()
    return try attempt(on: session.token) { pin in
      do {
        return (try pin.logIn(as: user, &session) ? .verified : .untouched, nil)
      } catch {
        return (LoginOutcome(error), error)
      }
    }
  }

  /// Logs in and ends the login again: to see whether the PIN is right, and to clear what is remembered when it is.
  ///
  /// - Returns: what a person should know about the PIN.
  @discardableResult
  public func check() throws -> [LoginNotice] {
    var session = try token.openSession(user == .securityOfficer ? .readWrite : .readOnly)
    let notices = try logIn(&session)
    if user == .securityOfficer { try session.logout() }
    try session.close()
    return notices
  }

  /// Signs with a key that wants the PIN for each use (`CKA_ALWAYS_AUTHENTICATE`): `C_SignInit`, `C_Login` with `CKU_CONTEXT_SPECIFIC`,
  /// `C_Sign`, nothing in between. A wrong PIN costs a try here as well, so it is guarded in the same way; the source is read each time.
  ///
  /// - Parameter maximumSignatureSize: in bytes, known from the public key.
  public func sign(
    _ data: [UInt8], with mechanism: Mechanism, key: ObjectHandle, maximumSignatureSize: Int, in session: inout Session
  ) throws -> [UInt8] {
    var signature: [UInt8] = []
    // A person at a prompt is asked each time; a descriptor is at its end after the first.
    if source != .prompt { try checkReadings() }
    _ = try attempt(on: session.token) { pin in
      do {
        signature = try pin.sign(data, with: mechanism, key: key, maximumSignatureSize: maximumSignatureSize, &session)
        return (.verified, nil)
      } catch {
        // Whatever C_Sign answers comes after the token has accepted the PIN.
        return ((error as? PKCS11Error)?.function == "C_Sign" ? .verified : LoginOutcome(error), error)
      }
    }
    return signature
  }

  /// Refuses what could only be read once and has been.
  private func checkReadings() throws(TokenKeysError) {
    guard readings.isFirst() || canRepeat else {
      throw TokenKeysError(
        .loginNotRepeatable, operation: rules.operation,
        message: "the PIN is needed once more, and from \(source) it can be had only once", hint: "run this again, which logs in anew")
    }
  }

  /// The rules for this PIN.
  var rules: LoginGuard {
    LoginGuard(
      token: TokenIdentity(token), owner: PINOwner(user), source: source, usesLastTry: lastTryWasAskedFor,
      memoryFolder: memory.folder)
  }
}

/// How often a PIN was asked of its source.
private final class Readings: Sendable {
  private let count = Atomic<Int>(0)
  func isFirst() -> Bool { count.add(1, ordering: .relaxed).oldValue == 0 }
}

/// What the logins of one pool have found, each notice once.
final class LoginNotices: Sendable {
  private let notices = Mutex<[LoginNotice]>([])
  var all: [LoginNotice] { notices.withLock { $0 } }
  func add(_ new: [LoginNotice]) { notices.withLock { known in known += new.filter { !known.contains($0) } } }
}

/// Something that a person should know about a PIN that was just accepted.
public struct LoginNotice: Hashable, Sendable {
  /// One sentence; lower case, no full stop.
  public let message: String
  /// What to do.
  public let hint: String
  var isAboutChange = false
}
