import Foundation
import PKCS11
import TestSupport
import Testing
import X509

@testable import TokenKeys

@Suite("A connection's end", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct ConnectionTests {
  @Test("After close the login is gone, and every later use says that the connection has been closed")
  func closed() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    try await keys.close()
    var session = try bench.token.openSession(.readOnly)
    #expect(try !session.isUserLoggedIn())
    let errors = try await [
      tokenKeysError { try await keys.keys() }, tokenKeysError { try await keys.key(named: "payroll") },
      tokenKeysError { try await keys.isTaken("payroll") }, tokenKeysError { try await keys.generate(.ecdsaP256, named: "next") },
      tokenKeysError { try await keys.prove(key, is: .ecdsaP256) },
      tokenKeysError { try await key.signAsynchronously(bytes: [1], signatureAlgorithm: .ecdsaWithSHA256) },
      tokenKeysError { try key.signSynchronously(bytes: [1], signatureAlgorithm: .ecdsaWithSHA256) },
      tokenKeysError { try await keys.close() },
    ]
    for error in errors { #expect(error.message == "the connection to the token has been closed") }
    #expect(try await bench.keys().key(named: "payroll").parts == key.parts, "a new connection is not concerned")
  }

  @Test("Close waits for the work before it; what comes at the same time is done or refused, and nothing runs on the token afterwards")
  func closedMeanwhile() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    let messages = await withTaskGroup(of: String?.self) { group in
      for number in 0..<40 {
        group.addTask {
          do {
            if number == 20 { try await keys.close() } else { _ = try await keys.verdict(of: key) }
            return nil
          } catch { return (error as? TokenKeysError)?.message ?? "\(error)" }
        }
      }
      return await group.reduce(into: [String?]()) { $0.append($1) }
    }
    #expect(messages.compactMap(\.self).allSatisfy { $0 == "the connection to the token has been closed" }, "\(messages)")
    var session = try bench.token.openSession(.readOnly)
    #expect(try !session.isUserLoggedIn())
  }

  @Test("A session that was left half way is replaced, and the login with it goes on")
  func poisoned() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    try await poison(keys, key)
    #expect(try await keys.keys() == [key])
    _ = try await key.signAsynchronously(bytes: [1], signatureAlgorithm: .ecdsaWithSHA256)
  }

  @Test("A login that the token has dropped is said to be lost, and not that there is no such key", arguments: [false, true])
  func lostLogin(isPoisoned: Bool) async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    if isPoisoned { try await poison(keys, key) }
    var other = try bench.session()
    try other.logout()
    let errors = try await [
      tokenKeysError { try await keys.keys() }, tokenKeysError { try await keys.unusableKeys() },
      tokenKeysError { try await keys.key(named: "payroll") }, tokenKeysError { try await keys.key(identifier: key.identifier) },
      tokenKeysError { try await keys.key(matching: key.publicKey) }, tokenKeysError { try await keys.verdict(of: key) },
      tokenKeysError { try await key.signAsynchronously(bytes: [1], signatureAlgorithm: .ecdsaWithSHA256) },
    ]
    #expect(errors.map(\.code) == Array(repeating: .loginLost, count: errors.count))
    #expect(errors.allSatisfy { $0.message.contains("dropped the login") && $0.hint?.contains("logs in anew") == true })
    #expect(try await bench.keys().key(named: "payroll").parts == key.parts)
  }

  /// Begins a signature that cannot be finished, since there is no room for it.
  private func poison(_ keys: TokenKeys, _ key: TokenKey) async throws {
    let identifier = key.identifier
    await #expect(throws: PKCS11Error.self) {
      try await keys.perform(isRepeatable: true) { connection in
        _ = try connection.withPrivateKey(identifier) { session, handle in
          try session.sign([UInt8](repeating: 1, count: 32), with: .ecdsa, key: handle, maximumSignatureSize: 1)
        }
      }
    }
  }
}

@Suite("What an interrupted generation may have left", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct LeftBehindTests {
  @Test("Half a key is no key to build on; its name is taken, and another name is free", arguments: [ObjectClass.privateKey, .publicKey])
  func half(missing: ObjectClass) async throws {
    let bench = try TokenKeysBench()
    try bench.makeKey(named: "planned")
    try bench.destroy(missing, named: "planned")
    let code = try await refused(bench) { try await $0.key(named: "planned") }.code
    #expect(code == (missing == .privateKey ? .keyNotFound : .keyUnusable))
  }

  @Test("Two keys of one name are ambiguous; the name is taken, and another name is free")
  func twins() async throws {
    let bench = try TokenKeysBench()
    for number in [UInt8(1), 2] { try bench.makeKey(named: "planned", identifier: [UInt8](repeating: number, count: 20)) }
    #expect(try await refused(bench) { try await $0.key(named: "planned") }.code == .keyAmbiguous)
  }

  @Test("KEY-NOT-EXTRACTABLE, KEY-SIZE: a key that fails the policy, or is of another kind, is not proved; its name is taken")
  func policy() async throws {
    let bad = try TokenKeysBench()
    try bad.makeKey(named: "planned", changes: [Attribute(.extractable, true)])
    let error = try await refused(bad) { try await $0.prove($0.key(named: "planned"), is: .ecdsaP256) }
    #expect(error.code == .ruleRefused)
    #expect(error.rule == .notExtractable)

    let other = try TokenKeysBench()
    _ = try await other.keys().generate(.ecdsaP384, named: "planned")
    let size = try await refused(other) { try await $0.prove($0.key(named: "planned"), is: .ecdsaP256) }
    #expect(size.code == .ruleRefused)
    #expect(size.rule == .size)
  }

  /// The error of a use of the key named *planned*, once it was seen that the name is taken and that another key can be made.
  private func refused<Value>(_ bench: TokenKeysBench, _ use: (TokenKeys) async throws -> Value) async throws -> TokenKeysError {
    let keys = try await bench.keys()
    let before = try bench.count([])
    #expect(try await keys.isTaken("planned"))
    let error = try await tokenKeysError { try await use(keys) }
    #expect(try await !keys.isTaken("planned-2"))
    _ = try await keys.generate(.ecdsaP256, named: "planned-2")
    #expect(try bench.count([]) == before + 2, "what was there is left alone")
    return error
  }
}
