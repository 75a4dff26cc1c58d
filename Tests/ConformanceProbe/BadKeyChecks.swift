import Crypto
import Foundation
import PKCS11
import SwiftASN1
import TokenKeys

/// A way to make a key that nobody should use.
private struct BadKey {
  let name: String
  /// The rule that it violates.
  let rule: KeyRule
  /// What is said otherwise than of a good key.
  var changes: [Attribute] = []
  var isImported = false
  var isCopied = false

  static let all = [
    BadKey(name: "extractable", rule: .notExtractable, changes: [.init(.extractable, true)]),
    BadKey(name: "not sensitive", rule: .sensitive, changes: [.init(.sensitive, false)]),
    BadKey(name: "that decrypts", rule: .signOnly, changes: [.init(.decrypt, true)]),
    BadKey(name: "that unwraps", rule: .signOnly, changes: [.init(.unwrap, true)]),
    BadKey(name: "brought in from outside", rule: .local, isImported: true),
    BadKey(name: "copied", rule: .uniqueID, isCopied: true),
  ]
}

extension Bench {
  /// Keys that were made badly on purpose: the examination names the right rule.
  func checkBadKeys(_ keys: TokenKeys) async {
    for bad in BadKey.all {
      let kind: KeyKind = bad.isImported || !offers(KeyKind.rsa2048.generation.type, .generateKeyPair) ? .ecdsaP256 : .rsa2048
      await recorder.check("a key \(bad.name) is found out") {
        if !bad.isImported { try need(kind.generation.type, .generateKeyPair) }
        let label = "bad: \(bad.name)"
        let identifier = (0..<20).map { _ in UInt8.random(in: 1...255) }
        let refusal = try answer { try make(bad, kind, label: label, identifier) }
        defer { try? remove(identifier) }
        if let refusal { return "the token does not make it: \(refusal.name ?? "\(refusal)")" }
        if bad.isCopied { return try await examineCopies(keys, identifier) }
        let examination = try await keys.examine(keys.key(identifier: KeyIdentifier(identifier)))
        let violated = examination.verdict.findings.filter { $0.outcome == .violated }
        guard violated.contains(where: { $0.rule == bad.rule }) else {
          throw Wrong("\(bad.rule) is not violated, but \(violated.map(\.rule.rawValue))")
        }
        let found = violated.map { "\($0.rule) (\($0.grade))" }.joined(separator: ", ")
        let succeeded = examination.probes.filter { $0.outcome == .succeeded }.map(\.probe.rawValue)
        return "violated: \(found)" + (succeeded.isEmpty ? "" : "; probes that succeed: \(succeeded.joined(separator: ", "))")
      }
    }
  }

  /// Two keys with one identifier are two too many: neither is used.
  private func examineCopies(_ keys: TokenKeys, _ identifier: [UInt8]) async throws -> String? {
    let count = try withLogin { session in
      try session.findObjects(matching: [.init(.objectClass, ObjectClass.privateKey), .init(.id, identifier)]).count
    }
    if count == 1 { return "the token keeps one of the two" }
    do {
      _ = try await keys.key(identifier: KeyIdentifier(identifier))
      throw Wrong("a key that is there twice was found once")
    } catch let error as TokenKeysError where error.code == .keyAmbiguous {
      return "neither is used: \(error.code.rawValue)"
    }
  }

  private func make(_ bad: BadKey, _ kind: KeyKind, label: String, _ identifier: [UInt8]) throws {
    let common: [Attribute] = [.init(.token, true), .init(.label, label), .init(.id, identifier)]
    let changed = Set(bad.changes.map(\.type))
    let good: [Attribute] = [
      .init(.isPrivate, true), .init(.sensitive, true), .init(.extractable, false), .init(.sign, true), .init(.unwrap, false),
    ]
    let privateKey = common + good.filter { !changed.contains($0.type) } + bad.changes
    try withLogin(.readWrite) { session in
      if bad.isImported { return try importKey(common, privateKey, in: &session) }
      let made = try session.generateKeyPair(
        kind.generation, publicKey: common + [.init(.isPrivate, false), .init(.verify, true)] + kind.parameters, privateKey: privateKey)
      if bad.isCopied { _ = try session.copyObject(made.privateKey, changing: [.init(.token, true)]) }
    }
  }

  private func importKey(_ common: [Attribute], _ privateKey: [Attribute], in session: inout Session) throws {
    let key = P256.Signing.PrivateKey()
    var point = DER.Serializer()
    try point.serialize(ASN1OctetString(contentBytes: Array(key.publicKey.x963Representation)[...]))
    let kind: [Attribute] = [.init(.keyType, KeyType.ec)] + KeyKind.ecdsaP256.parameters
    _ = try session.createObject(
      common + kind + [.init(.objectClass, ObjectClass.publicKey), .init(.verify, true), .init(.ecPoint, point.serializedBytes)])
    _ = try session.createObject(
      privateKey + kind + [.init(.objectClass, ObjectClass.privateKey), .init(.value, Array(key.rawRepresentation))])
  }

  private func remove(_ identifier: [UInt8]) throws {
    try withLogin(.readWrite) { session in
      for object in try session.findObjects(matching: [.init(.id, identifier)]) { try session.destroyObject(object) }
    }
  }
}
