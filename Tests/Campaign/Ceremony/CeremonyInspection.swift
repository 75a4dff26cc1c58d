import Foundation
import KeyCeremony
import TestSupport

extension CeremonyPlace {
  /// What is not as it should be after a complete performance.
  func findings(issuedBefore: Int, wasInterrupted: Bool) async throws -> [String] {
    var findings: [String] = []
    let verified = try await tool(
      ["ceremony", "verify", "performance", "--rehearsal", "rehearsal", "--accept-prepared-answers", "--json"])
    if verified.exitCode != 0 { findings.append("verify: \(verified.exitCode) \(verified.standardError)") }
    let entries = try transcript()
    if wasInterrupted, !entries.contains(where: { $0["kind"] as? String == "resumed" }) {
      findings.append("the transcript does not show the interruption")
    }
    findings += try await keyFindings(entries)
    if let service {
      let issued = try await service.issuedCount() - issuedBefore
      // Where nobody could know whether the first request had arrived, a second one is what people decided on.
      let mayBe = FileManager.default.fileExists(atPath: path("was-uncertain")) ? 1...2 : 1...1
      if !mayBe.contains(issued) { findings.append("the service issued \(issued) certificates") }
    }
    findings += try secretFindings()
    let leftovers = try FileManager.default.contentsOfDirectory(atPath: path("performance")).filter { $0.hasSuffix(".part") }
    if !leftovers.isEmpty { findings.append("left behind: \(leftovers)") }
    return findings
  }

  func transcript() throws -> [[String: Any]] {
    try String(contentsOfFile: path("performance/transcript.jsonl"), encoding: .utf8).split(separator: "\n").compactMap {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  /// Exactly the keys that the plan makes are on the token, each with one identifier, and no other.
  private func keyFindings(_ entries: [[String: Any]]) async throws -> [String] {
    let label = example == .rootKey ? "root" : "payroll"
    let pin = path(example == .rootKey ? "root-pin" : "user-pin")
    // pkcs11-tool takes any token whose label begins like this one, so it gets the slot: SoftHSM makes it of the serial number.
    let slot = (UInt32(try await serial(ofToken: label).suffix(8), radix: 16) ?? 0) & 0x7FFF_FFFF
    let listed = try await run(
      "pkcs11-tool",
      [
        "--module", Self.modulePath, "--slot", "\(slot)", "--login", "--pin",
        try String(contentsOfFile: pin, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines), "--list-objects", "--type",
        "privkey",
      ], environment: environment, in: folder.path)
    let names = listed.standardOutput.matches(of: /label: +(\S+)/).map { String($0.1) }.sorted()
    let fits =
      names.count == example.keysAfterwards.count
      && zip(names, example.keysAfterwards.sorted()).allSatisfy { $0.hasPrefix($1) }
    return fits ? [] : ["the token holds the keys \(names), and \(example.keysAfterwards) are wanted: \(listed.standardError)"]
  }

  /// Secrets in what the ceremony wrote.
  private func secretFindings() throws -> [String] {
    var secrets = Self.secrets
    if example == .rootKey {
      secrets.append(try String(contentsOfFile: path("root-pin"), encoding: .utf8))
      for custodian in ["first", "second", "third"] {
        let card = try String(contentsOfFile: path("card-\(custodian)"), encoding: .utf8)
        secrets += card.split(separator: "\n").map(String.init) + [card.filter { !$0.isWhitespace }]
      }
    }
    var findings: [String] = []
    for folder in ["performance", "rehearsal"] {
      for file in try FileManager.default.contentsOfDirectory(atPath: path(folder)) {
        let content = try Data(contentsOf: URL(filePath: path("\(folder)/\(file)")))
        for secret in secrets where content.range(of: Data(secret.utf8)) != nil { findings.append("\(folder)/\(file) holds a secret") }
      }
    }
    return findings
  }
}
