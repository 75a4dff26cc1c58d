import Foundation
import PKCS11
import Secrets
import TestSupport
import Testing
import TokenKeys

/// A fresh SoftHSM token in this process, with its PIN in a file.
struct TokenKeysBench: Sendable {
  let token: Token
  let userPIN: String
  let folder: TemporaryFolder

  /// What SoftHSM of today can make.
  static let algorithms: [KeyAlgorithm] = [.rsa2048, .rsa3072, .rsa4096, .ecdsaP256, .ecdsaP384, .ecdsaP521, .ed25519]

  init() throws {
    let made = try SoftHSMFixture.takeToken()
    token = try Module(path: #require(SoftHSMFixture.modulePath)).token(matching: PKCS11URI(label: made.label))
    userPIN = made.userPIN
    folder = try TemporaryFolder()
    try folder.write("\(made.userPIN)\n".utf8, to: "pin")
    try folder.write("9\(made.userPIN)".utf8, to: "wrong-pin")
  }

  func source(_ name: String = "pin") throws -> SecretSource { try SecretSource(parsing: "file:" + folder.path(name)) }

  func keys() async throws -> TokenKeys { try await TokenKeys(token: token, pin: source()) }

  /// A session of our own, beside those of the room: for objects made in ways that the room would not.
  func session() throws -> Session {
    var session = try token.openSession(.readWrite)
    try session.login(.user, pin: SecretBytes(copying: Array(userPIN.utf8)))
    return session
  }

  /// How many objects carry an attribute.
  func count(_ attributes: [Attribute]) throws -> Int {
    var session = try session()
    return try session.findObjects(matching: attributes).count
  }

  /// Destroys one half of a key pair.
  func destroy(_ half: ObjectClass, named name: String) throws {
    var session = try session()
    for handle in try session.findObjects(matching: [Attribute(.objectClass, half), Attribute(.label, name)]) {
      try session.destroyObject(handle)
    }
  }

  /// Runs `pkcs11-tool` on this token: a process of its own that knows nothing of us.
  func tool(_ arguments: [String], environment: [String: String] = [:]) async throws -> ProgramResult {
    let module = try #require(SoftHSMFixture.modulePath)
    return try await run(
      "pkcs11-tool", ["--module", module, "--token-label", token.label, "--login", "--pin", userPIN] + arguments,
      environment: SoftHSMFixture.shared().environment)
  }
}

/// A P-256 key pair made with templates that the room would not use.
extension TokenKeysBench {
  static let p256Parameters: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]

  /// - Parameters:
  ///   - identifier: 20 bytes of a kind by default.
  ///   - changes: what differs from a good private key.
  func makeKey(
    named name: String, identifier: [UInt8] = [UInt8](repeating: 7, count: 20), changes: [Attribute] = [],
    parameters: [UInt8] = p256Parameters
  ) throws {
    var session = try session()
    let common: [Attribute] = [Attribute(.token, true), Attribute(.label, name), Attribute(.id, identifier)]
    let good: [Attribute] = [
      Attribute(.isPrivate, true), Attribute(.sensitive, true), Attribute(.extractable, false), Attribute(.copyable, false),
      Attribute(.sign, true),
      Attribute(.decrypt, false), Attribute(.unwrap, false), Attribute(.signRecover, false), Attribute(.derive, false),
    ]
    let changed = Set(changes.map(\.type))
    _ = try session.generateKeyPair(
      .ecKeyPairGeneration,
      publicKey: common + [Attribute(.isPrivate, false), Attribute(.verify, true), Attribute(.ecParameters, parameters)],
      privateKey: common + good.filter { !changed.contains($0.type) } + changes)
  }
}

/// Runs `body` and returns the room's error that it must throw.
func tokenKeysError<Value>(
  _ body: () async throws -> Value, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> TokenKeysError {
  try #require(await #expect(throws: TokenKeysError.self, sourceLocation: sourceLocation) { _ = try await body() })
}

/// The one RSA-2048 key of these tests, and a P-256 key beside it.
enum SharedKeys {
  static let token = Task { () async throws -> (TokenKeysBench, TokenKeys, TokenKey, TokenKey) in
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    return (bench, keys, try await keys.generate(.rsa2048, named: "rsa"), try await keys.generate(.ecdsaP256, named: "p256"))
  }

  static var bench: TokenKeysBench { get async throws { try await token.value.0 } }
  static var keys: TokenKeys { get async throws { try await token.value.1 } }
  static var rsa: TokenKey { get async throws { try await token.value.2 } }
  static var p256: TokenKey { get async throws { try await token.value.3 } }
}
