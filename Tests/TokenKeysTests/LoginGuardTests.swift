import Foundation
import PKCS11
import Secrets
import Testing

@testable import TokenKeys

@Suite("The guard before a login")
struct LoginGuardTests {
  private let token = TokenIdentity(manufacturer: "m", model: "o", serialNumber: "1", label: "t")
  private let time = Date(timeIntervalSince1970: 1_800_000_000)

  /// The rule that refuses, or the rules that a person must agree to.
  private func rules(
    _ flags: TokenFlags, _ source: String, owner: PINOwner = .user, lastTry: Bool = false, record: PINRecord? = nil,
    digest: PINDigest? = nil
  ) throws -> (refused: KeyRule?, reserved: [KeyRule]) {
    let check = LoginGuard(token: token, owner: owner, source: try SecretSource(parsing: source), usesLastTry: lastTry)
    do {
      return (nil, try check.reservations(flags.union(.protectedAuthenticationPath), record ?? PINRecord(token, owner), digest).map(\.rule))
    } catch {
      #expect(error.code == .pinGuarded)
      return (error.rule, [])
    }
  }

  @Test(
    "PIN-NOT-LOCKED: a locked PIN is not tried, whoever's it is and wherever it comes from",
    arguments: ["prompt", "file:/x", "fd:3", "protected-path", "env:PIN"])
  func locked(source: String) throws {
    for lastTry in [false, true] {
      #expect(try rules([.userPINLocked, .userPINFinalTry], source, lastTry: lastTry).refused == .pinNotLocked)
      #expect(try rules([.securityOfficerPINLocked], source, owner: .securityOfficer, lastTry: lastTry).refused == .pinNotLocked)
    }
    #expect(try rules([.securityOfficerPINLocked], source).refused == nil, "the officer's PIN is not the user's")
    #expect(try rules([.userPINLocked], source, owner: .securityOfficer).refused == nil)
  }

  @Test("PIN-FINAL-TRY: the last try is made only by a person who has asked for it")
  func finalTry() throws {
    for (owner, flag) in [(PINOwner.user, TokenFlags.userPINFinalTry), (.securityOfficer, .securityOfficerPINFinalTry)] {
      for stored in ["file:/x", "fd:3", "credential:pin", "env:PIN"] {
        for lastTry in [false, true] { #expect(try rules(flag, stored, owner: owner, lastTry: lastTry).refused == .pinFinalTry) }
      }
      for person in ["prompt", "protected-path"] {
        #expect(try rules(flag, person, owner: owner).refused == .pinFinalTry)
        #expect(try rules(flag, person, owner: owner, lastTry: true).refused == nil)
      }
    }
  }

  @Test("PIN-PROTECTED-PATH: no PIN is left to a pad that the token does not have")
  func pad() throws {
    let check = LoginGuard(token: token, owner: .user, source: .protectedPath, usesLastTry: false)
    let error = #expect(throws: TokenKeysError.self) { try check.reservations(.loginRequired, PINRecord(token, .user), nil) }
    #expect(error?.rule == .pinProtectedPath)
  }

  @Test("PIN-COUNT-LOW: after a wrong PIN the next try needs a person's consent")
  func countLow() throws {
    #expect(try rules(.userPINCountLow, "file:/x").reserved == [.pinCountLow])
    #expect(try rules(.userPINCountLow, "prompt").reserved == [.pinCountLow])
    #expect(try rules(.securityOfficerPINCountLow, "file:/x").reserved.isEmpty)
    #expect(try rules(.securityOfficerPINCountLow, "file:/x", owner: .securityOfficer).reserved == [.pinCountLow])
    #expect(try rules([.loginRequired, .userPINInitialized], "file:/x").reserved.isEmpty)
  }

  @Test("PIN-OWN-COUNT: the third try after two failures needs a person's consent, whatever the token's flags")
  func ownCount() throws {
    var record = PINRecord(token, .user)
    for outcome in [LoginOutcome.refused(.pinIncorrect), .uncertain(.generalError)] {
      #expect(try rules([], "file:/x", record: record).reserved.isEmpty)
      record = record.after(outcome, nil, isStored: true, at: time)
    }
    #expect(try rules([], "file:/x", record: record).reserved == [.pinOwnCount])
    record = record.after(.verified, nil, isStored: true, at: time)
    #expect(try rules([], "file:/x", record: record).reserved.isEmpty)
  }

  @Test("PIN-REFUSED-BEFORE: a PIN that was refused needs a person's consent, and no other PIN does")
  func refusedBefore() throws {
    let wrong = PINDigest(digits: String(repeating: "a", count: 64), key: "1")
    let other = PINDigest(digits: String(repeating: "b", count: 64), key: "1")
    let record = PINRecord(token, .user).after(.refused(.pinIncorrect), wrong, isStored: true, at: time)
    #expect(try rules([], "file:/x", record: record, digest: wrong).reserved == [.pinRefusedBefore])
    #expect(try rules([], "file:/x", record: record, digest: other).reserved.isEmpty)
    let newKey = PINDigest(digits: other.digits, key: "2")
    #expect(try rules([], "file:/x", record: record, digest: newKey).reserved == [.pinRefusedBefore], "the key is lost: nobody can tell")
  }

  @Test("Which answers of C_Login count as a try")
  func outcomes() {
    for answer in [ReturnValue.pinIncorrect, .pinLengthRange, .pinInvalid, .pinLocked] { #expect(LoginOutcome(answer) == .refused(answer)) }
    let unclear: [ReturnValue] = [.generalError, .functionFailed, .deviceError, .deviceRemoved, ReturnValue(rawValue: 0x8000_0001)]
    for answer in unclear { #expect(LoginOutcome(answer) == .uncertain(answer)) }
    for answer in [ReturnValue.sessionHandleInvalid, .tokenNotPresent, .userPINNotInitialized, .pinExpired, .userAnotherAlreadyLoggedIn] {
      #expect(LoginOutcome(answer) == .untouched)
    }
  }
}

@Suite("What is remembered of a PIN")
struct PINRecordTests {
  private let token = TokenIdentity(manufacturer: "Mäker %", model: "line\nbreak", serialNumber: "0 1", label: "t ok")
  private let time = Date(timeIntervalSince1970: 1_800_000_000)

  private func digest(_ character: Character, key: Character = "0") -> PINDigest {
    PINDigest(digits: String(repeating: character, count: 64), key: String(repeating: key, count: 16))
  }

  private var full: PINRecord {
    PINRecord(token, .user).after(.refused(.pinIncorrect), digest("a"), isStored: true, at: time)
      .after(.refused(.pinLengthRange), digest("b"), isStored: false, at: time).after(
        .uncertain(.generalError), nil, isStored: true, at: time
      )
      .trying(at: time)
  }

  @Test("A record is read as it was written")
  func roundTrip() throws {
    for record in [full, PINRecord(token, .user), full.settled()] {
      #expect(PINRecord(parsing: Array(record.text.utf8), token, .user) == record)
    }
  }

  @Test("Whatever differs from what was written is no record: every byte counts")
  func damaged() {
    let bytes = Array(full.text.utf8)
    #expect(PINRecord(parsing: bytes, token, .securityOfficer) == nil)
    #expect(PINRecord(parsing: bytes, TokenIdentity(manufacturer: "", model: "", serialNumber: "", label: ""), .user) == nil)
    for count in 0..<bytes.count { #expect(PINRecord(parsing: Array(bytes[..<count]), token, .user) == nil) }
    for index in bytes.indices {
      for value in [UInt8(ascii: "\n"), 0xFF, bytes[index] ^ 0x20] where value != bytes[index] {
        var changed = bytes
        changed[index] = value
        #expect(PINRecord(parsing: changed, token, .user) != full)
      }
    }
    #expect(PINRecord(parsing: bytes + bytes, token, .user) == nil)
    #expect(PINRecord(parsing: Array("hsmkey PIN memory 2\n".utf8), token, .user) == nil)
  }

  @Test("A try that was begun and never ended counts once its process is gone")
  func pending() {
    let record = PINRecord(token, .user).trying(at: time)
    #expect(record.failureCount == 0)
    #expect(record.settled().failureCount == 1)
    #expect(record.settled().pending == nil)
    #expect(record.settled().trying(at: time).settled().failureCount == 2)
  }

  @Test("A success clears the count and what people mistyped; a stored PIN that was refused stays, unless it is the one that works now")
  func success() {
    let after = full.settled().after(.verified, digest("c"), isStored: true, at: time)
    #expect(after.failureCount == 0)
    #expect(after.refusals.map(\.digest) == [digest("a")])
    #expect(after.after(.verified, digest("a"), isStored: true, at: time).isEmpty)
  }

  @Test("A PIN that was replaced is not worth a try, and nothing else is left")
  func change() {
    let record = PINRecord.afterChange(token, .user, replacing: digest("a"), at: time)
    #expect(record.failureCount == 0)
    #expect(record.refusal(of: digest("a"))?.answer == "replaced")
    #expect(PINRecord.afterChange(token, .user, replacing: nil, at: time).isEmpty)
  }

  @Test("The number of refusals that are kept is bounded, and so is the file")
  func bounds() {
    var record = PINRecord(token, .user)
    for number in 0..<100 {
      let digits = String(repeating: "0", count: 61) + String(100 + number)
      record = record.after(.refused(.pinIncorrect), PINDigest(digits: digits, key: digest("a").key), isStored: true, at: time)
    }
    #expect(record.refusals.count == PINRecord.refusalLimit)
    #expect(record.failureCount == 100)
    #expect(record.text.utf8.count < PINRecord.sizeLimit)
    #expect(PINRecord(parsing: Array(record.text.utf8), token, .user) == record)
  }
}
