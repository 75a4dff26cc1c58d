import CertificateLifecycle
import Foundation
import GRDB
import TestSupport

/// All that is there after a run of the tool, looked at from outside and without changing it.
struct Snapshot: Sendable {
  /// The state's record, if there is one.
  let record: CertificateRecord?
  /// What SQLite finds wrong with the state file.
  let defects: [String]
  /// What is on the token.
  let token: TokenContents
  /// The certificate file.
  let file: String?
  /// Files beside the certificate file that are neither it nor anything that belongs there.
  let litter: [String]

  init(_ scene: Scene) async throws {
    (record, defects) = try Self.state(scene)
    token = try await TokenContents(scene)
    file = try? String(contentsOfFile: scene.path("\(Ground.name).pem"), encoding: .utf8)
    let files = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
    let state = (try? FileManager.default.contentsOfDirectory(atPath: scene.path("state"))) ?? []
    litter = files.filter { $0.hasPrefix("\(Ground.name).pem.") } + state.filter { $0.hasSuffix("-journal") || $0.hasSuffix(".new") }
  }

  /// Reads a copy: whoever opens the file itself rolls back what was cut off.
  private static func state(_ scene: Scene) throws -> (CertificateRecord?, [String]) {
    let files = FileManager.default
    guard files.fileExists(atPath: scene.path("state/state.sqlite")) else { return (nil, []) }
    let copy = scene.path("state-copy")
    try? files.removeItem(atPath: copy)
    try files.copyItem(atPath: scene.path("state"), toPath: copy)
    defer { try? files.removeItem(atPath: copy) }
    let path = copy + "/state.sqlite"
    do {
      let findings = try DatabaseQueue(path: path).read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
      let store = try LifecycleStore(path: path)
      try store.verifyHistory()
      return (try store.record(named: Ground.name), findings == ["ok"] ? [] : findings)
    } catch {
      return (nil, ["the state cannot be read: \(error)"])
    }
  }

  /// Every key that the record names.
  var namedKeys: Set<String> {
    guard let record else { return [] }
    return Set(
      [record.pending?.keyName, record.active?.keyName].compactMap(\.self) + record.previous.map(\.keyName)
        + record.leftKeys.map(\.name))
  }

  /// Whether the operation has ended: the certificate is in use and nothing is under way.
  func isDone(_ operation: Operation, since before: Snapshot) -> Bool {
    guard let record, let active = record.active, record.pending == nil else { return false }
    return operation == .enrol || active.der != before.record?.active?.der
  }

  /// For a finding.
  var summary: String {
    let pending = record?.pending.map { "\($0.kind.rawValue) \($0.stage.rawValue) key \($0.keyName)" } ?? "nothing pending"
    let keys = token.labels.sorted().joined(separator: " ")
    let nameless = token.namelessHalves == 0 ? "" : " and \(token.namelessHalves) without a name"
    return "\(record?.active == nil ? "no certificate" : "a certificate"), \(pending), token: \(keys)\(nameless)"
  }
}

/// What `pkcs11-tool` sees on the token.
struct TokenContents: Sendable {
  struct Object: Sendable, Hashable {
    let kind: String
    let label: String?
    let identifier: String?
  }

  let objects: [Object]

  init(_ scene: Scene) async throws {
    let listed = try await scene.program(
      "pkcs11-tool",
      ["--module", Ground.modulePath, "--token-label", Ground.name, "--login", "--pin", Ground.pin, "--list-objects"])
    guard listed.exitCode == 0 else { throw CampaignError("pkcs11-tool: \(listed.standardError)") }
    var objects: [Object] = []
    var (kind, label, identifier): (String?, String?, String?) = (nil, nil, nil)
    func finish() {
      if let kind { objects.append(Object(kind: kind, label: label, identifier: identifier)) }
      (kind, label, identifier) = (nil, nil, nil)
    }
    for line in listed.standardOutput.split(separator: "\n") {
      if let match = line.firstMatch(of: /^(Private Key|Public Key|Certificate|Secret Key|Data|Profile) Object|^(Data object)/) {
        finish()
        kind = String(match.1 ?? "Data")
      } else if let match = line.firstMatch(of: /^ +label: +(.*)$/) {
        label = match.1.isEmpty ? nil : String(match.1)
      } else if let match = line.firstMatch(of: /^ +ID: +([0-9a-fA-F]+)$/) {
        identifier = match.1.lowercased()
      }
    }
    finish()
    self.objects = objects
  }

  /// The names of all keys and halves of keys.
  var labels: Set<String> { Set(objects.filter { $0.kind.hasSuffix("Key") }.compactMap(\.label)) }

  /// Halves of keys that have no name yet: what SoftHSM leaves of a generation that was cut short, some of which nobody can read
  /// (`pkcs11-tool` takes those for data).
  var namelessHalves: Int {
    objects.count { $0.identifier == nil && ($0.kind.hasSuffix("Key") ? $0.label == nil : $0.kind == "Data" && $0.label == "<empty>") }
  }

  func has(_ kind: String, identifier: String) -> Bool { objects.contains { $0.kind == kind && $0.identifier == identifier } }
}
