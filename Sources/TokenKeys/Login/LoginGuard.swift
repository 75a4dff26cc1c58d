import Foundation
import PKCS11
import Secrets

/// Keeps wrong PINs from locking a token: decides by the token's flags and by what is remembered whether a PIN may be tried.
struct LoginGuard: Sendable {
  /// Something that a person must agree to before a PIN is tried. Nobody is there to agree in unattended use.
  struct Reservation: Hashable, Sendable {
    let rule: KeyRule
    /// What there is to know, as a sentence without a full stop.
    let sentence: String
  }

  let token: TokenIdentity
  let owner: PINOwner
  let source: SecretSource
  /// A person has asked for the last try.
  let usesLastTry: Bool
  /// Where refused PINs are remembered: a service and the person who helps it seldom have the same place.
  var memoryFolder: String?

  /// Whose PIN, as it stands in sentences: `user PIN`.
  var pinName: String { "\(owner.rawValue) PIN" }

  var operation: String { owner == .user ? "log in to token \(token.label)" : "log in to token \(token.label) as security officer" }

  /// - Parameters:
  ///   - flags: the token's flags, asked just now.
  ///   - record: what is remembered.
  ///   - digest: the PIN, once it is known.
  /// - Throws: ``TokenKeysError`` with ``KeyRule/pinNotLocked`` or ``KeyRule/pinFinalTry``: nobody can agree to those here.
  func reservations(_ flags: TokenFlags, _ record: PINRecord, _ digest: PINDigest?) throws(TokenKeysError) -> [Reservation] {
    if source.isProtectedPath { try checkPad(flags) }
    let state = PINState(flags, owner)
    if state.isLocked {
      throw refusal(
        .pinNotLocked, "the token says that its \(pinName) is locked; it was not tried",
        hint: owner == .user
          ? "the security officer can set a new one: hsmkey token set-pin --reset-user-pin"
          : "only the vendor's own tool can reset such a token")
    }
    if state.isFinalTry, !(usesLastTry && source.isPerson) {
      throw refusal(
        .pinFinalTry, "one more wrong \(pinName) would lock the token, so none is tried",
        hint: "who is sure of the PIN tries it at a prompt: \(clearingCommand) --use-the-last-pin-try")
    }
    var found: [Reservation] = []
    if let refusal = record.refusal(of: digest) { found.append(Reservation(rule: .pinRefusedBefore, sentence: sentence(refusal, digest))) }
    if state.isCountLow {
      found.append(
        Reservation(rule: .pinCountLow, sentence: "the token says that a wrong \(pinName) was entered since the last right one"))
    }
    if record.failureCount >= Self.unattendedLimit {
      let when = record.lastFailure.map { ", last on \($0.ISO8601Format())" } ?? ""
      found.append(
        Reservation(
          rule: .pinOwnCount,
          sentence: "the \(pinName) was tried \(record.failureCount) times without success since the last login\(when)"))
    }
    return found
  }

  /// Refuses to leave a PIN to a pad that is not there: a module could take the missing PIN for a wrong one.
  func checkPad(_ flags: TokenFlags) throws(TokenKeysError) {
    guard !flags.contains(.protectedAuthenticationPath) else { return }
    throw refusal(
      .pinProtectedPath, "the token does not say that it has a pad of its own, so no PIN is left to it",
      hint: "take the PIN from prompt, fd:N, file:PATH or credential:NAME")
  }

  /// The error where nobody is there to agree, or somebody did not.
  ///
  /// - Parameter lacksTerminal: somebody was to be asked, and there is no terminal to ask on.
  func refusal(_ reservation: Reservation, wasAsked: Bool = false, lacksTerminal: Bool = false) -> TokenKeysError {
    let code: TokenKeysError.Code = reservation.rule == .pinMemory ? .pinMemory : .pinGuarded
    let hint =
      lacksTerminal
      ? "run this on a terminal, where a person is asked and says yes"
      : reservation.rule == .pinMemory
        ? "mend that, or name another folder: --pin-memory, HSMKEY_PIN_MEMORY or token.pin-memory; a person can go on without: "
          + checkCommand
        : "a person who knows the PIN logs in once, as user \(geteuid()) like this program, which clears this: \(clearingCommand)"
    let circumstance = wasAsked ? "without your yes" : lacksTerminal ? "without a terminal" : "in unattended use"
    return TokenKeysError(
      code, rule: reservation.rule, operation: operation, message: "\(reservation.sentence), so \(circumstance) no PIN is tried",
      hint: wasAsked ? nil : hint)
  }

  func refusal(_ rule: KeyRule, _ message: String, hint: String) -> TokenKeysError {
    TokenKeysError(.pinGuarded, rule: rule, operation: operation, message: message, hint: hint)
  }

  /// The third try belongs to a person: three is where the strictest tokens lock.
  static let unattendedLimit = 2

  /// A login of a person that clears what is remembered here and nowhere else.
  var clearingCommand: String { checkCommand + (memoryFolder.map { " --pin-memory \($0)" } ?? "") }

  private var checkCommand: String { "hsmkey token check-pin" + (owner == .securityOfficer ? " --security-officer" : "") }

  private func sentence(_ refusal: PINRecord.Refusal, _ digest: PINDigest?) -> String {
    let day = refusal.time.ISO8601Format()
    if refusal.digest.key != digest?.key {
      return "a stored \(pinName) was refused on \(day), and the key that would tell whether it is this one is lost"
    }
    return refusal.answer == PINRecord.Refusal.replaced
      ? "this \(pinName) was replaced by another on \(day)" : "this \(pinName) was refused on \(day) (\(refusal.answer))"
  }
}

/// What a token's flags say of one PIN.
struct PINState: Hashable, Sendable {
  let isLocked: Bool
  let isFinalTry: Bool
  let isCountLow: Bool
  let isToBeChanged: Bool

  init(_ flags: TokenFlags, _ owner: PINOwner) {
    let isUser = owner == .user
    isLocked = flags.contains(isUser ? .userPINLocked : .securityOfficerPINLocked)
    isFinalTry = flags.contains(isUser ? .userPINFinalTry : .securityOfficerPINFinalTry)
    isCountLow = flags.contains(isUser ? .userPINCountLow : .securityOfficerPINCountLow)
    isToBeChanged = flags.contains(isUser ? .userPINToBeChanged : .securityOfficerPINToBeChanged)
  }
}
