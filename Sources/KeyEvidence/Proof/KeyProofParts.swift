import X509

/// The parts of a key proof, as they stand in a document: of the right types, and not yet held against each other.
struct KeyProofParts: Sendable, Hashable {
  let key: KeyProof.Key
  let policy: KeyProof.Policy
  let rules: [KeyProof.RuleFinding]
  let probes: [KeyProof.Probe]
  let token: KeyProof.Token
  let library: KeyProof.Library
  let module: KeyProof.ModuleFile
  let mechanisms: [KeyProof.Mechanism]
  let tool: KeyProof.Tool
  let madeAt: String
  let challenge: String?
  let certificates: [[UInt8]]
  let attestations: [KeyProof.Attestation]

  static let operation = "read the key proof"

  var content: JSONValue {
    var members: [String: JSONValue] = [
      "key": key.value, "policy": policy.value, "rules": .array(rules.map(\.value)), "probes": .array(probes.map(\.value)),
      "token": token.value, "library": library.value, "module": module.value, "mechanisms": .array(mechanisms.map(\.value)),
      "tool": tool.value, "made-at": .string(madeAt),
      "certificates": .array(certificates.map { .string(EvidenceText.base64($0)) }), "attestations": .array(attestations.map(\.value)),
    ]
    if let challenge { members["challenge"] = .string(challenge) }
    return .object(members)
  }
}

extension KeyProof.Key {
  fileprivate var value: JSONValue {
    [
      "name": .string(name), "id": .string(identifier), "algorithm": .string(algorithm), "uri": .string(uri),
      "public-key": .string(EvidenceText.base64(subjectPublicKeyInfo)), "public-key-sha256": .string(publicKeySHA256),
      "public-key-words": .string(publicKeyWords.joined(separator: " ")),
    ]
  }
}

extension KeyProof.Policy {
  fileprivate var value: JSONValue {
    [
      "name": .string(name), "is-met": .bool(isMet), "must-be-claimed": .array(mustBeClaimed.map(JSONValue.string)),
      "tolerated": .array(tolerated.map(JSONValue.string)),
      "waivers": .array(waivers.map { ["rule": .string($0.rule), "reason": .string($0.reason)] }),
    ]
  }
}

extension KeyProof.RuleFinding {
  fileprivate var value: JSONValue {
    var members: [String: JSONValue] = [
      "rule": .string(rule), "outcome": .string(outcome), "grade": .string(grade), "observed": .string(observed),
    ]
    if isWaived { members["waived"] = true }
    return .object(members)
  }
}

extension KeyProof.Probe {
  fileprivate var value: JSONValue {
    var members: [String: JSONValue] = [
      "probe": .string(probe), "rule": .string(rule), "action": .string(action), "outcome": .string(outcome),
      "calls": .array(calls.map(\.value)),
    ]
    if let detail { members["detail"] = .string(detail) }
    return .object(members)
  }
}

extension KeyProof.Call {
  fileprivate var value: JSONValue {
    var members: [String: JSONValue] = ["function": .string(function), "returned": .string(returned)]
    if let mechanism { members["mechanism"] = .string(mechanism) }
    return .object(members)
  }
}

extension KeyProof.Token {
  fileprivate var value: JSONValue {
    [
      "label": .string(label), "manufacturer": .string(manufacturer), "model": .string(model), "serial": .string(serial),
      "hardware-version": .string(hardwareVersion), "firmware-version": .string(firmwareVersion), "is-software": .bool(isSoftware),
      "flags": .array(flags.map(JSONValue.string)),
    ]
  }
}

extension KeyProof.Library {
  fileprivate var value: JSONValue {
    [
      "description": .string(description), "manufacturer": .string(manufacturer), "version": .string(version),
      "cryptoki-version": .string(cryptokiVersion),
    ]
  }
}

extension KeyProof.ModuleFile {
  fileprivate var value: JSONValue {
    [
      "path": .string(path), "real-path": .string(realPath), "sha256": .string(sha256), "size": .integer(size), "owner": .integer(owner),
      "group": .integer(group), "mode": .string(mode),
    ]
  }
}

extension KeyProof.Mechanism {
  fileprivate var value: JSONValue {
    [
      "name": .string(name), "minimum": .integer(minimum), "maximum": .integer(maximum), "uses": .array(uses.map(JSONValue.string)),
    ]
  }
}

extension KeyProof.Tool {
  fileprivate var value: JSONValue { ["name": .string(name), "version": .string(version), "sha256": .string(sha256)] }
}

extension KeyProof.Attestation {
  fileprivate var value: JSONValue {
    ["type": .string(type), "sha256": .string(sha256), "data": .string(EvidenceText.base64(data))]
  }
}
