import Foundation
import PKCS11
import TestSupport
import Testing
import X509

@testable import TokenKeys

@Suite("A connection's end", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct ConnectionTests {
  @Test("POOL-OPEN: after close the login is gone, and every later use says that the connection has been closed")
  func closed() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    try await keys.close()
    var session = try bench.token.openSession(.readOnly)
    #expect(try !session.isUserLoggedIn())
    let errors = await [
      poolError { try await keys.keys() }, poolError { try await keys.key(named: "payroll") },
      poolError { try await keys.isTaken("payroll") }, poolError { try await keys.generate(.ecdsaP256, named: "next") },
      poolError { try await keys.prove(key, is: .ecdsaP256) },
      poolError { try await key.signAsynchronously(bytes: [1], signatureAlgorithm: .ecdsaWithSHA256) },
      poolError { try key.signSynchronously(bytes: [1], signatureAlgorithm: .ecdsaWithSHA256) },
    ]
    #expect(errors.allSatisfy { $0?.rule == .poolOpen }, "\(errors)")
    try await keys.close()
    #expect(try await bench.keys().key(named: "payroll").parts == key.parts, "a new connection is not concerned")
  }

  /// The error of the session pool that the body throws; nil when it throws none.
  private func poolError<Value>(_ body: () async throws -> Value) async -> PKCS11Error? {
    do { _ = try await body() } catch { return error as? PKCS11Error }
    return nil
  }

  @Test("Close waits for the work before it; what comes at the same time is done or refused, and nothing runs on the token afterwards")
  func closedMeanwhile() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    let rules = await withTaskGroup(of: PKCS11Rule?.self) { group in
      for number in 0..<40 {
        group.addTask {
          await poolError { if number == 20 { try await keys.close() } else { _ = try await keys.verdict(of: key) } }?.rule
        }
      }
      return await group.reduce(into: [PKCS11Rule?]()) { $0.append($1) }
    }
    #expect(rules.compactMap(\.self).allSatisfy { $0 == .poolOpen }, "\(rules)")
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

  @Test("LOGIN-KEPT: a login that the token has dropped is made anew, whatever is asked next", arguments: [false, true])
  func lostLogin(isPoisoned: Bool) async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    let uses: [@Sendable () async throws -> Bool] = [
      { try await keys.keys() == [key] },
      { try await keys.unusableKeys().isEmpty },
      { try await keys.key(named: "payroll") == key },
      { try await keys.key(identifier: key.identifier) == key },
      { try await keys.key(matching: key.publicKey) == key },
      { try await keys.verdict(of: key).isMet },
      { try await !key.sign([1], algorithm: .ecdsaSHA256).rawRepresentation.isEmpty },
    ]
    for use in uses {
      if isPoisoned { try await poison(keys, key) }
      var other = try bench.session()
      try other.logout()
      #expect(try await use())
      #expect(try other.isUserLoggedIn())
    }
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
