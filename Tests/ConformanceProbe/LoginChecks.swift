import PKCS11
import Secrets
import TestSupport

extension Bench {
  /// Wrong and right PINs, what is visible before and after, and what a logout leaves.
  func checkLogin() async {
    await recorder.check("wrong PIN is refused") {
      try withSession { session in
        // Once: a token may have three tries.
        let refusal = try answer { try session.login(.user, pin: SecretBytes(copying: Array(settings.wrongPIN.utf8))) }
        guard refusal == .pinIncorrect else { throw Wrong("a wrong PIN was answered \(refusal?.description ?? "CKR_OK")") }
        guard !(try session.isUserLoggedIn()) else { throw Wrong("after a wrong PIN the user is logged in") }
        let flags = try token.information().flags.intersection([.userPINCountLow, .userPINFinalTry, .userPINLocked])
        return flags.isEmpty ? "no flag tells of it" : "flag: \(flags)"
      }
    }
    await recorder.check("right PIN is accepted, twice too") {
      try withLogin { session in
        guard try session.isUserLoggedIn() else { throw Wrong("after the login the user is not logged in") }
        try session.login(.user, pin: pin())
        let flags = try token.information().flags.intersection([.userPINCountLow, .userPINFinalTry, .userPINLocked])
        guard flags.isEmpty else { throw Wrong("after the right PIN \(flags) still stands") }
        return nil
      }
    }
    await recorder.check("the login ends with the last session") {
      try withSession { session in
        guard !(try session.isUserLoggedIn()) else { throw Wrong("the user is still logged in") }
        return nil
      }
    }
    await recorder.check("logout ends the login of every session") {
      try withLogin { first in
        try withSession { second in
          guard try second.isUserLoggedIn() else { throw Wrong("a login in one session is not one in the other") }
          try first.logout()
          guard try !first.isUserLoggedIn(), try !second.isUserLoggedIn() else { throw Wrong("a session is still logged in") }
        }
        return nil
      }
    }
    await recorder.check("random numbers differ") {
      try withSession { session in
        let numbers = try (0..<4).map { _ in try session.generateRandom(count: 32) }
        guard Set(numbers).count == numbers.count, numbers.allSatisfy({ $0.count == 32 }) else { throw Wrong("they do not") }
        return nil
      }
    }
  }

  /// How many sessions there can be, and what a read-only one must not do.
  func checkSessions() async {
    let wanted = 16
    for (name, access) in [("read-only", SessionAccess.readOnly), ("read-write", .readWrite)] {
      await recorder.check("\(wanted) \(name) sessions at once") {
        var opened = 0
        let refusal = try answer { try open(wanted, access, &opened) }
        if let refusal { throw Finding(rule: "\(refusal)", detail: "\(opened) sessions can be open at once") }
        return nil
      }
    }
    await recorder.check("a read-only session writes nothing to the token") {
      try withLogin { session in
        let refusal = try answer {
          _ = try session.createObject([
            .init(.objectClass, ObjectClass.data), .init(.token, true), .init(.isPrivate, false), .init(.label, "must not be"),
            .init(.value, [1, 2, 3]),
          ])
        }
        guard let refusal else { throw Wrong("it was allowed to") }
        guard refusal == .sessionReadOnly else { throw Finding(rule: "\(refusal)", detail: "refused, but not for that reason") }
        return nil
      }
    }
  }

  /// Opens so many sessions inside each other.
  private func open(_ count: Int, _ access: SessionAccess, _ opened: inout Int) throws {
    guard count > 0 else { return }
    let session = try token.openSession(access)
    opened += 1
    try open(count - 1, access, &opened)
    try session.close()
  }
}
