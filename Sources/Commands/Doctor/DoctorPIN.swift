import Foundation
import PKCS11
import Secrets
import TokenKeys

/// The steps about the PIN. No PIN is read or tried but by ``logIn(_:_:isWanted:)``.
enum DoctorPIN {
  private static let operation = "look at the state of the PIN"

  /// What the token says of the user PIN, and what we remember of it.
  static func look(_ context: CommandContext, _ token: Token, _ source: SecretSource) throws -> Finding<Void> {
    let flags = token.flags
    guard flags.contains(.userPINInitialized) || !flags.contains(.loginRequired) else {
      throw CommandError(
        .pin, code: "pin-not-set", operation: operation, message: "the token's user PIN was never set",
        hints: ["the security officer sets it: hsmkey token set-pin --reset-user-pin"])
    }
    guard !flags.contains(.userPINLocked) else {
      throw refused(
        .pinNotLocked, "the token says that its user PIN is locked",
        "the security officer can set a new one: hsmkey token set-pin --reset-user-pin")
    }
    guard !flags.contains(.userPINFinalTry) else {
      throw refused(
        .pinFinalTry, "the token has one try left: one more wrong user PIN locks it, so none is tried",
        "who is sure of the PIN tries it at a prompt: hsmkey token check-pin --use-the-last-pin-try")
    }
    let memory = try context.pinMemory.state(of: token)
    var notes = PINWords(flags, memory).all
    let range = "\(token.minimumPINLength.map(String.init) ?? "?") to \(token.maximumPINLength.map(String.init) ?? "?") bytes"
    let isBlocked = flags.contains(.userPINCountLow) || !memory.isUnattendedUsePossible
    if isBlocked, !source.isPerson {
      let reason = flags.contains(.userPINCountLow) ? KeyRule.pinCountLow : KeyRule.pinOwnCount
      throw refused(
        reason, "\(notes.joined(separator: "; ")), so in unattended use no PIN is tried",
        "a person who knows the PIN logs in once, which clears this: hsmkey token check-pin")
    }
    if !flags.contains(.protectedAuthenticationPath), source.isProtectedPath {
      return .warning(
        "the token does not say that it has a pad of its own, and the PIN is to be entered there (protected-path)",
        details: notes, hint: "take the PIN from prompt, file:PATH or credential:NAME")
    }
    if notes.isEmpty { notes = ["no wrong PIN is known of, to the token or to us"] }
    guard !isBlocked, memory.lastStoredRefusal == nil, !flags.contains(.userPINToBeChanged) else {
      let hint = flags.contains(.userPINToBeChanged) ? "hsmkey token set-pin" : "a person logs in once: hsmkey token check-pin"
      return .warning(notes[0], details: Array(notes.dropFirst()) + ["it has \(range)"], hint: hint)
    }
    return .ok(notes[0], details: Array(notes.dropFirst()) + ["it has \(range)"])
  }

  private static func refused(_ rule: KeyRule, _ message: String, _ hint: String) -> CommandError {
    CommandError(.pin, code: "pin-guarded", rule: rule.rawValue, operation: operation, message: message, hints: [hint])
  }

  /// Tries the PIN once, as guarded as every login.
  static func logIn(_ context: CommandContext, _ token: Token, isWanted: Bool) async throws -> Finding<Void> {
    guard isWanted else { throw NotChecked(reason: "no PIN is tried without --login") }
    let source = try context.secretSource(context.settings.pinSource)
    let login = TokenLogin(token: token, pin: source, memory: context.pinMemory)
    let notices = try await context.waiting("log in to token \(token.label)", isAtPad: source.isProtectedPath) { try login.check() }
    guard let first = notices.first else { return .ok("the user PIN from \(source) is right") }
    return .warning(
      "the user PIN from \(source) is right", details: notices.map(\.message), hint: first.hint)
  }
}

/// What there is to know of a PIN, in words.
struct PINWords: Sendable {
  let all: [String]

  init(_ flags: TokenFlags, _ memory: PINMemoryState) {
    var words: [String] = []
    if flags.contains(.userPINCountLow) { words.append("the token says that a wrong user PIN was entered since the last right one") }
    if flags.contains(.userPINToBeChanged) { words.append("the token wants its user PIN changed") }
    if memory.failureCount > 0 {
      let when = memory.lastFailure.map { ", last on \($0.ISO8601Format())" } ?? ""
      words.append("we remember \(memory.failureCount == 1 ? "one try" : "\(memory.failureCount) tries") without success\(when)")
    }
    if let last = memory.lastStoredRefusal {
      words.append("a stored user PIN was refused on \(last.ISO8601Format()); if it is still the same, it is not tried again unattended")
    }
    if memory.hasOpenTry { words.append("a try was begun and its end is not known") }
    all = words
  }
}

/// The step about time.
enum DoctorClock {
  /// The earliest time that can be true, 2026-01-01: this program is not older.
  private static let earliest = Date(timeIntervalSince1970: 1_767_225_600)

  static func look(tokenOf chosen: Known<Token>, at now: Date) -> Finding<Void> {
    guard now >= earliest, now < earliest.addingTimeInterval(50 * 365 * 86_400) else {
      return .warning("the system's clock says \(now.ISO8601Format()), which cannot be", hint: "set the clock; certificates depend on it")
    }
    let system = "the system's clock says \(now.ISO8601Format())"
    guard case .yes(let token) = chosen, let text = token.clock else { return .ok(system) }
    guard let time = parse(text) else { return .warning("\(system); the token's clock cannot be read", hint: nil) }
    let difference = Int(abs(time.timeIntervalSince(now)))
    guard difference <= 300 else {
      return .warning("\(system), the token's \(time.ISO8601Format())", hint: "one of the two is wrong by \(difference) s; set it")
    }
    return .ok("\(system); the token's differs by \(difference) s")
  }

  /// `YYYYMMDDhhmmss` and two characters more, in UTC (`CK_TOKEN_INFO`).
  static func parse(_ text: String) -> Date? {
    let digits = text.prefix(14)
    guard digits.count == 14, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    func part(_ start: Int, _ length: Int) -> Substring { digits.dropFirst(start).prefix(length) }
    return try? Date(
      "\(part(0, 4))-\(part(4, 2))-\(part(6, 2))T\(part(8, 2)):\(part(10, 2)):\(part(12, 2))Z", strategy: .iso8601)
  }
}
