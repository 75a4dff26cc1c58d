import Foundation

extension TokenInventory {
  /// What a file has under `content`.
  public var content: JSONValue {
    [
      "token": token.content, "scope": .string(scope.rawValue), "policy": .string(policy), "made-at": .string(madeAt.dayAndTime),
      "made-by": .string(madeBy), "keys": .array(keys.map(\.content)), "certificates": .array(certificates.map(\.content)),
      "others": .array(others.map(\.content)), "unreadable": .array(unreadable.map(\.content)),
    ]
  }

  /// Reads the content of a file, strictly: what does not belong there is refused.
  ///
  /// - Throws: `EVIDENCE-MEMBERS`, with the place.
  public init(content: JSONValue) throws(EvidenceError) {
    let reader = InventoryContentReader()
    let object = try reader.object(
      content, "/content", ["token", "scope", "policy", "made-at", "made-by", "keys", "certificates", "others", "unreadable"])
    let scope = Scope(rawValue: try object.text("scope", 1...32))
    guard scope == .all || scope == .publicObjects else { throw object.failure("scope", "it is neither 'all' nor 'public'") }
    self.init(
      token: try reader.token(try object.required("token"), object.pointer("token")), scope: scope,
      policy: try object.text("policy", 1...128),
      madeAt: try reader.time("made-at", of: object), madeBy: try object.text("made-by", 1...128),
      keys: try reader.list("keys", of: object, reader.key), certificates: try reader.list("certificates", of: object, reader.certificate),
      others: try reader.list("others", of: object, reader.other), unreadable: try reader.list("unreadable", of: object, reader.unreadable))
  }
}

extension TokenInventory.Token {
  fileprivate var content: JSONValue {
    [
      "label": .string(label), "manufacturer": .string(manufacturer), "model": .string(model), "serial": .string(serial),
      "hardware-version": .string(hardwareVersion), "firmware-version": .string(firmwareVersion),
    ]
  }
}

extension AttributeClaims {
  /// The attributes that the token told, by name.
  public var content: JSONValue {
    .object(
      Dictionary(
        uniqueKeysWithValues: told.map { attribute in
          (attribute.rawValue, self[truth: attribute].map { .bool($0) } ?? .string(self[text: attribute] ?? ""))
        }))
  }
}

extension InventoryKey {
  /// The key as a file has it.
  public var content: JSONValue {
    [
      "algorithm": .string(algorithm), "public-key-sha256": publicKeySHA256.map { .string($0) } ?? .null,
      "private": privateHalf?.content ?? .null, "public": publicHalf?.content ?? .null,
    ]
  }
}

extension InventoryHalf {
  fileprivate var content: JSONValue {
    var members: [String: JSONValue] = ["label": .string(label), "id": .string(id), "attributes": attributes.content]
    if let verdict { members["verdict"] = verdict.content }
    return .object(members)
  }
}

extension InventoryVerdict {
  fileprivate var content: JSONValue {
    func list(_ rules: [String]) -> JSONValue { .array(rules.map { .string($0) }) }
    return ["objections": list(objections), "violated": list(violated), "not-claimed": list(notClaimed)]
  }
}

extension InventoryCertificate {
  /// The certificate as a file has it.
  public var content: JSONValue {
    [
      "label": .string(label), "id": .string(id), "sha256": .string(sha256), "attributes": attributes.content,
      "contents": contents.map { contents in
        [
          "subject": .string(contents.subject), "issuer": .string(contents.issuer), "serial": .string(contents.serial),
          "not-before": .string(contents.notBefore.dayAndTime), "not-after": .string(contents.notAfter.dayAndTime),
          "public-key-sha256": .string(contents.publicKeySHA256), "key-algorithm": .string(contents.keyAlgorithm),
          "signature-algorithm": .string(contents.signatureAlgorithm), "is-authority": .bool(contents.isAuthority),
        ]
      } ?? .null,
    ]
  }
}

extension InventoryObject {
  /// The object as a file has it.
  public var content: JSONValue {
    ["class": .string(objectClass), "label": .string(label), "id": .string(id), "attributes": attributes.content]
  }
}

extension InventoryUnreadable {
  /// The entry as a file has it.
  public var content: JSONValue {
    ["class": .string(objectClass), "label": .string(label), "id": .string(id), "reason": .string(reason)]
  }
}
