import Foundation

/// Reads the parts of an inventory from the content of a file, each strictly.
struct InventoryContentReader {
  private static let operation = "read the inventory"

  /// More than a file of the largest size holds.
  private static let maximumCount = 1 << 20

  func object(
    _ value: JSONValue, _ pointer: String, _ required: Set<String>, optional: Set<String> = []
  ) throws(EvidenceError) -> EvidenceObject {
    try EvidenceObject(value, at: pointer, required: required, optional: optional, operation: Self.operation)
  }

  func list<Element>(
    _ name: String, of object: EvidenceObject, _ read: (JSONValue, String) throws(EvidenceError) -> Element
  ) throws(EvidenceError) -> [Element] {
    var elements: [Element] = []
    for (pointer, value) in try object.elements(name, maximum: Self.maximumCount) { elements.append(try read(value, pointer)) }
    return elements
  }

  /// A time in the one way that it is written: RFC 3339, UTC, whole seconds.
  func time(_ name: String, of object: EvidenceObject) throws(EvidenceError) -> Date {
    let text = try object.text(name, 20...24)
    guard let time = try? Date(text, strategy: .iso8601), time.dayAndTime == text else {
      throw object.failure(name, "it is no time such as 2026-11-23T05:20:00Z")
    }
    return time
  }

  func token(_ value: JSONValue, _ pointer: String) throws(EvidenceError) -> TokenInventory.Token {
    let object = try object(value, pointer, ["label", "manufacturer", "model", "serial", "hardware-version", "firmware-version"])
    return .init(
      label: try object.text("label"), manufacturer: try object.text("manufacturer"), model: try object.text("model"),
      serial: try object.text("serial"), hardwareVersion: try object.text("hardware-version"),
      firmwareVersion: try object.text("firmware-version"))
  }

  func key(_ value: JSONValue, _ pointer: String) throws(EvidenceError) -> InventoryKey {
    let object = try object(value, pointer, ["algorithm", "public-key-sha256", "private", "public"])
    let key = InventoryKey(
      algorithm: try object.text("algorithm", 1...128),
      publicKeySHA256: try object.required("public-key-sha256") == .null ? nil : try object.sha256("public-key-sha256"),
      privateHalf: try half("private", of: object, withVerdict: true), publicHalf: try half("public", of: object, withVerdict: false))
    guard key.privateHalf != nil || key.publicHalf != nil else {
      throw object.failure("private", "the key has neither half")
    }
    return key
  }

  private func half(_ name: String, of parent: EvidenceObject, withVerdict: Bool) throws(EvidenceError) -> InventoryHalf? {
    let value = try parent.required(name)
    guard value != .null else { return nil }
    let object = try object(value, parent.pointer(name), ["label", "id", "attributes"], optional: withVerdict ? ["verdict"] : [])
    var verdict: InventoryVerdict?
    if let value = object.value("verdict") {
      let rules = try self.object(value, object.pointer("verdict"), ["objections", "violated", "not-claimed"])
      verdict = .init(
        objections: try rules.texts("objections"), violated: try rules.texts("violated"), notClaimed: try rules.texts("not-claimed"))
    }
    return InventoryHalf(
      label: try object.text("label"), id: try object.text("id"), attributes: try attributes(of: object), verdict: verdict)
  }

  private func attributes(of parent: EvidenceObject) throws(EvidenceError) -> AttributeClaims {
    let object = try object(
      try parent.required("attributes"), parent.pointer("attributes"), [], optional: Set(InventoryAttribute.allCases.map(\.rawValue)))
    var claims = AttributeClaims()
    for attribute in InventoryAttribute.allCases where object.value(attribute.rawValue) != nil {
      if attribute.isTruth {
        claims[truth: attribute] = try object.bool(attribute.rawValue)
      } else {
        claims[text: attribute] = try object.text(attribute.rawValue, 0...8192)
      }
    }
    return claims
  }

  func certificate(_ value: JSONValue, _ pointer: String) throws(EvidenceError) -> InventoryCertificate {
    let object = try object(value, pointer, ["label", "id", "sha256", "attributes", "contents"])
    var contents: InventoryCertificate.Contents?
    if try object.required("contents") != .null { contents = try self.contents(of: object) }
    return InventoryCertificate(
      label: try object.text("label"), id: try object.text("id"),
      sha256: try object.text("sha256").isEmpty ? "" : try object.sha256("sha256"),
      attributes: try attributes(of: object), contents: contents)
  }

  private func contents(of parent: EvidenceObject) throws(EvidenceError) -> InventoryCertificate.Contents {
    let object = try object(
      try parent.required("contents"), parent.pointer("contents"),
      [
        "subject", "issuer", "serial", "not-before", "not-after", "public-key-sha256", "key-algorithm", "signature-algorithm",
        "is-authority",
      ])
    return .init(
      subject: try object.text("subject", 0...8192), issuer: try object.text("issuer", 0...8192), serial: try object.text("serial"),
      notBefore: try time("not-before", of: object), notAfter: try time("not-after", of: object),
      publicKeySHA256: try object.sha256("public-key-sha256"), keyAlgorithm: try object.text("key-algorithm", 1...128),
      signatureAlgorithm: try object.text("signature-algorithm", 1...128), isAuthority: try object.bool("is-authority"))
  }

  func other(_ value: JSONValue, _ pointer: String) throws(EvidenceError) -> InventoryObject {
    let object = try object(value, pointer, ["class", "label", "id", "attributes"])
    return InventoryObject(
      objectClass: try object.text("class", 1...64), label: try object.text("label"), id: try object.text("id"),
      attributes: try attributes(of: object))
  }

  func unreadable(_ value: JSONValue, _ pointer: String) throws(EvidenceError) -> InventoryUnreadable {
    let object = try object(value, pointer, ["class", "label", "id", "reason"])
    return InventoryUnreadable(
      objectClass: try object.text("class", 0...64), label: try object.text("label"), id: try object.text("id"),
      reason: try object.text("reason", 1...8192))
  }
}
