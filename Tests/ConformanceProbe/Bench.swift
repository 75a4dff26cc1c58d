import Foundation
import PKCS11
import Secrets
import TestSupport
import TokenKeys

/// The token under test and what the checks have made on it so far.
final class Bench {
  let token: Token
  let mechanisms: [MechanismType: MechanismInformation]
  let settings: ConformanceSettings
  let recorder: Recorder
  /// The keys there are, by kind.
  var keys: [KeyKind: TestKey] = [:]

  init(token: Token, mechanisms: [MechanismType: MechanismInformation], settings: ConformanceSettings, recorder: Recorder) {
    self.token = token
    self.mechanisms = mechanisms
    self.settings = settings
    self.recorder = recorder
  }

  /// A session of a check's own, closed afterwards.
  func withSession<Result>(_ access: SessionAccess = .readOnly, _ body: (inout Session) throws -> Result) throws -> Result {
    var session = try token.openSession(access)
    let result = try body(&session)
    try session.close()
    return result
  }

  /// A session with the user logged in; the login ends with the program's last session.
  func withLogin<Result>(_ access: SessionAccess = .readOnly, _ body: (inout Session) throws -> Result) throws -> Result {
    try withSession(access) { session in
      try session.login(.user, pin: pin())
      return try body(&session)
    }
  }

  func pin() throws -> SecretBytes {
    let text = try String(contentsOfFile: settings.pinFile, encoding: .utf8)
    return SecretBytes(copying: Array(text.trimmingCharacters(in: .newlines).utf8))
  }

  /// What a call is answered; nil when it succeeds.
  func answer(_ body: () throws -> Void) throws -> ReturnValue? {
    do {
      try body()
      return nil
    } catch let error as PKCS11Error {
      guard let answer = error.returnValue else { throw error }
      return answer
    }
  }

  /// Whether the token has a mechanism for a use.
  func offers(_ type: MechanismType, _ use: MechanismFlags) -> Bool { mechanisms[type]?.flags.contains(use) == true }

  /// - Throws: ``Lacking`` unless the token has a mechanism for a use.
  func need(_ type: MechanismType, _ use: MechanismFlags) throws {
    if !offers(type, use) { throw Lacking.mechanisms([type], use) }
  }

  /// A key to work with where its kind does not matter: the one that is made fastest.
  func anyKey() throws -> TestKey {
    guard let key = keys[.ecdsaP256] ?? keys[.rsa2048] else { throw Wrong("there is no key") }
    return key
  }

  /// A key, or why the token has none.
  func key(_ kind: KeyKind) throws -> TestKey {
    guard let key = keys[kind] else {
      try need(kind.generation.type, .generateKeyPair)
      throw Lacking.check(kind.checkName)
    }
    return key
  }
}
