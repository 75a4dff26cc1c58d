import Foundation
import KeyCeremony
import TestSupport
import Testing
import Yams

@Suite("The published JSON Schemas of plans, site files and answers")
struct SchemaTests {
  private static let pythonPath = ProcessInfo.processInfo.environment["HSMKEY_TEST_PYTHONPATH"].flatMap {
    FileManager.default.fileExists(atPath: "\($0)/jsonschema") ? $0 : nil
  }

  /// How many mistakes the schema finds in each text.
  private func mistakes(_ kind: String, _ texts: [String]) async throws -> [Int] {
    let folder = try TemporaryFolder()
    let documents = try texts.map { try #require(try Yams.load(yaml: $0)) }
    try folder.write(try JSONSerialization.data(withJSONObject: documents), to: "documents")
    let script = """
      import json, sys
      from jsonschema import Draft202012Validator
      schema = json.load(open(sys.argv[1]))
      Draft202012Validator.check_schema(schema)
      validator = Draft202012Validator(schema)
      print(json.dumps([len(list(validator.iter_errors(document))) for document in json.load(open("documents"))]))
      """
    let schema = OfficialMaterial.projectFolder.appending(path: "docs/schemas/hsmkey-ceremony-\(kind)-1.json").path
    let result = try await run(
      "python3", ["-c", script, schema], environment: ["PYTHONPATH": Self.pythonPath ?? ""], in: folder.path)
    try #require(result.succeeded, "\(result.standardError)")
    return try JSONDecoder().decode([Int].self, from: Data(result.standardOutput.utf8))
  }

  @Test(
    "every example is valid, and so are the fixture with each action and the templates of answers",
    .enabled(if: pythonPath != nil, "HSMKEY_TEST_PYTHONPATH does not say where Python's jsonschema is"))
  func valid() async throws {
    let plans = try ExamplePlan.names.map { try ExamplePlan.text("\($0).yaml") } + [PlanFixture.text]
    #expect(try await mistakes("plan", plans).allSatisfy { $0 == 0 })
    #expect(try await mistakes("site", try ExamplePlan.names.map { try ExamplePlan.text("\($0).site.yaml") }).allSatisfy { $0 == 0 })
    let answers = try ExamplePlan.names.map { PreparedAnswers.template(for: try ExamplePlan.plan($0)) }
    #expect(try await mistakes("answers", answers).allSatisfy { $0 == 0 })
  }

  @Test(
    "what the tool refuses for its form is not valid either",
    .enabled(if: pythonPath != nil, "HSMKEY_TEST_PYTHONPATH does not say where Python's jsonschema is"))
  func broken() async throws {
    let changes = [
      ("format: hsmkey-ceremony-plan/1", "format: x"), ("title: Everything once", "title: x\ncolour: red"), ("role: leader", "role: boss"),
      ("user: { from: site }", "user: { from: site, value: 123456 }"), ("threshold: 2", "threshold: 1"),
      ("acknowledges-with: pin", "acknowledges-with: key"), ("file: k.proof", "file: /tmp/k.proof"), ("id: look", "id: end"),
      ("expects: blank", "expects: blank, key: k"), ("action: check-token", "action: look-at"), ("of: output, ", "of: plan, "),
      ("key: k, output: proof", "key: k, certificate: c, output: proof"), ("words: 6", "words: 33"),
      ("algorithm: rsa-2048", "algorithm: x"),
      ("steps:", "steps: []\nmore:"),
    ]
    let texts = changes.map { PlanFixture.changed([$0]) }
    #expect(texts.allSatisfy { !PlanFixture.mistakes(in: $0).isEmpty })
    let found = try await mistakes("plan", texts)
    #expect(found.allSatisfy { $0 > 0 }, "\(found)")
    let site = try ExamplePlan.text("first-key.site.yaml")
    let sites = [("serial: blank", "slot: 1"), ("user: prompt", "user: '123456'"), ("module: /usr", "module: usr")].map {
      site.replacing($0.0, with: $0.1, maxReplacements: 1)
    }
    #expect(try await mistakes("site", sites).allSatisfy { $0 > 0 })
  }
}
