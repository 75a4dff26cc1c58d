import Foundation
import TestSupport
import Testing

extension Bench {
  /// The file of an example in docs/ceremonies.
  static func ceremonyFile(_ name: String) throws -> Data {
    try Data(contentsOf: OfficialMaterial.projectFolder.appending(path: "docs/ceremonies/\(name)"))
  }

  /// Everything for the ceremony that destroys an old key, on the token `payroll`: both keys, `plan.yaml`, `site.yaml`, `answers.yaml`.
  func prepareDestruction() async throws {
    try await succeeds("key", "generate", "ceremony-2026", "--algorithm", "ecdsa-p256", "--token", "payroll")
    try await succeeds("key", "generate", "payroll-2024", "--token", "payroll")
    let token = try #require(try await object("token", "list")["tokens"].list.first { $0["label"].string == "payroll" })
    let serial = try #require(token["serial"].string)
    let digest = try await run("sha256sum", [Self.module]).standardOutput.prefix(64)
    try folder.write(try Self.ceremonyFile("destruction.yaml"), to: "plan.yaml")
    try folder.write("The key payroll-2024 is destroyed.\n".utf8, to: "statement.txt")
    try folder.write(
      """
      format: hsmkey-ceremony-site/1
      output-folder: performance
      tokens: { main: { module: \(Self.module), module-sha256: \(digest), serial: \(serial) } }
      pins: { user: 'file:pin' }
      inputs: { statement: statement.txt }

      """.utf8, to: "site.yaml")
    try folder.write(try await succeeds("ceremony", "check", "plan.yaml", "--print-answers").utf8, to: "answers.yaml")
  }

  /// The commands of that ceremony, in their order.
  static let destruction: [(name: String, arguments: [String])] = [
    ("ceremony check", ["plan.yaml", "--site", "site.yaml"]), ("ceremony print", ["plan.yaml", "--out", "script.html"]),
    ("ceremony rehearse", ["plan.yaml", "--out", "rehearsal", "--answers", "answers.yaml"]),
    (
      "ceremony perform",
      [
        "plan.yaml", "--site", "site.yaml", "--rehearsal", "rehearsal", "--answers-instead-of-people", "answers.yaml",
      ]
    ), ("ceremony verify", ["performance", "--rehearsal", "rehearsal", "--accept-prepared-answers"]),
  ]
}
