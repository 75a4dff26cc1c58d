import Foundation
import KeyEvidence
import TestSupport
import Testing

@Suite("Second opinions on evidence: Python, jq, sha256sum, openssl, jsonschema")
struct SecondOpinionTests {
  private static let hasPython = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
  private static let hasJQ = FileManager.default.isExecutableFile(atPath: "/usr/bin/jq")

  /// Values of every kind, a line each: canonical JSON has no line ends inside.
  ///
  /// Python and jq sort by code point, which is what canonical JSON does as long as no name has characters beyond U+FFFF.
  private func lines(count: Int, characters: [ClosedRange<UInt32>]) -> [UInt8] {
    var random = SystemRandomNumberGenerator()
    func text() -> String {
      var scalars = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0..<6, using: &random) {
        if let scalar = Unicode.Scalar(UInt32.random(in: characters.randomElement(using: &random) ?? 0x20...0x7E, using: &random)) {
          scalars.append(scalar)
        }
      }
      return String(scalars)
    }
    func value(_ depth: Int) -> JSONValue {
      switch Int.random(in: 0..<(depth < 5 ? 8 : 5), using: &random) {
      case 0: .null
      case 1: .bool(.random(using: &random))
      case 2:
        .integer(
          Int.random(in: -JSONValue.maximumInteger...JSONValue.maximumInteger, using: &random) >> Int.random(in: 0..<53, using: &random))
      case 3, 4: .string(text())
      case 5: .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in value(depth + 1) })
      default:
        .object(Dictionary((0..<Int.random(in: 0..<8, using: &random)).map { _ in (text().filter(\.isASCII), value(depth + 1)) }) { $1 })
      }
    }
    return (0..<count).flatMap { _ in CanonicalJSON.encode(["value": value(0)]) + [0x0A] }
  }

  private static let everything: [ClosedRange<UInt32>] = [
    0x00...0x1F, 0x20...0x7F, 0x20...0x7F, 0xA0...0x2FF, 0x2020...0x2030, 0xD7F0...0xD7FF, 0xE000...0xFFFD,
  ]

  @Test("what is canonical here, Python's json writes the same", .enabled(if: hasPython, "python3 is not installed"))
  func python() async throws {
    let input = lines(count: 500, characters: Self.everything)
    let script = """
      import json, sys
      for line in sys.stdin.buffer:
          value = json.loads(line)
          sys.stdout.buffer.write(json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\\n")
      """
    let result = try await run("python3", ["-c", script], input: input)
    #expect(result.succeeded, "\(result.standardError)")
    #expect(result.standardOutput == String(decoding: input, as: UTF8.self))
  }

  @Test("what is canonical here, jq -cS writes the same", .enabled(if: hasJQ, "jq is not installed"))
  func jq() async throws {
    // jq writes U+007F as an escape, which canonical JSON does not.
    let input = lines(count: 500, characters: Self.everything.map { $0.lowerBound == 0x20 ? 0x20...0x7E : $0 })
    let result = try await run("jq", ["-cS", "."], input: input)
    #expect(result.succeeded, "\(result.standardError)")
    #expect(result.standardOutput == String(decoding: input, as: UTF8.self))
  }

  /// The block of shell that stands under a heading of the page.
  private func commands(_ heading: String) throws -> String {
    let page = try String(
      contentsOf: OfficialMaterial.projectFolder.appending(path: "docs/evidence.md"), encoding: .utf8)
    let section = try #require(page.components(separatedBy: "\n\(heading)\n").dropFirst().first)
    let block = try #require(section.components(separatedBy: "```sh\n").dropFirst().first)
    return try #require(block.components(separatedBy: "\n```").first)
  }

  @Test(
    "the commands of docs/evidence.md say that a proof is in order, and that a changed one is not",
    .enabled(if: hasJQ, "jq is not installed"),
    arguments: [StatementSignatureAlgorithm.ecdsaSHA256, .ecdsaSHA384, .ecdsaSHA512, .rsaPKCS1SHA256, .rsaPSSSHA512, .ed25519])
  func byHand(algorithm: StatementSignatureAlgorithm) async throws {
    let folder = try TemporaryFolder()
    let signer = try SoftwareSigner.of(algorithm)
    let file = try ProofFixture(signer).file([("auditor", .p256())])
    let script = "set -euo pipefail\n" + (try commands("## By hand"))
    try folder.write(file, to: "payroll.proof")
    let good = try await run("bash", ["-c", script], in: folder.path)
    #expect(good.succeeded, "\(good.standardError)\(good.standardOutput)")
    #expect(good.standardOutput.contains("Verified OK") || good.standardOutput.contains("Signature Verified Successfully"))

    // A section that is not what was signed, and a manifest that is not.
    let text = String(decoding: file, as: UTF8.self)
    try folder.write(text.replacing("CKA_SENSITIVE = true", with: "CKA_SENSITIVE = True").utf8, to: "payroll.proof")
    let changed = try await run("bash", ["-c", script], in: folder.path)
    #expect(!changed.succeeded && changed.standardOutput.contains("/rules/0"), "\(changed.standardOutput)")
    try folder.write(text.replacing("\"/challenge\":\"", with: "\"/challenge\":\"0", maxReplacements: 1).utf8, to: "payroll.proof")
    #expect(try await !run("bash", ["-c", script], in: folder.path).succeeded)
  }

  /// Where Python finds packages that are not Debian's; `softhsm/test` says so.
  private static let pythonPath = ProcessInfo.processInfo.environment["HSMKEY_TEST_PYTHONPATH"].flatMap {
    FileManager.default.fileExists(atPath: "\($0)/jsonschema") ? $0 : nil
  }

  private static let schemaPath = OfficialMaterial.projectFolder.appending(path: "docs/schemas/hsmkey-key-proof-1.json").path

  /// A proof with everything in it that may be in it.
  private func fullFixture() throws -> ProofFixture {
    var fixture = ProofFixture()
    fixture.attestations = [.init(type: "vendor-x", data: [1, 2, 3])]
    let certificate = try ProofFixture.certificate(
      for: fixture.signer.publicKey, issuedBy: ("ca", SoftwareSigner.p256().privateKey), subject: "payroll")
    fixture.certificates = [try certificate.der]
    return fixture
  }

  /// A proof with nothing in it that may be missing.
  private func smallFixture() -> ProofFixture {
    var fixture = ProofFixture()
    fixture.challenge = nil
    fixture.policy = .init(name: "p", isMet: true, mustBeClaimed: [])
    fixture.rules = [.init(rule: "KEY-SENSITIVE", outcome: "met", grade: "token-asserted", observed: "")]
    fixture.probes = [
      .init(
        probe: "p", rule: "KEY-SENSITIVE", action: "a", outcome: "inconclusive", calls: [.init(function: "C_Sign", returned: "0x80000001")])
    ]
    return fixture
  }

  @Test(
    "proofs are valid by the JSON Schema, and the schema is a schema",
    .enabled(if: pythonPath != nil, "HSMKEY_TEST_PYTHONPATH does not say where Python's jsonschema is"))
  func schema() async throws {
    let folder = try TemporaryFolder()
    try folder.write(try fullFixture().file([("auditor", .ed25519())]), to: "full")
    try folder.write(try smallFixture().file(), to: "small")
    var lie = try fullFixture().proof().content
    lie["/rules/0/grade"] = "sworn"
    try folder.write(try ProofFixture.file(lie, .p256()), to: "wrong")
    let script = """
      import json, sys
      from jsonschema import Draft202012Validator
      schema = json.load(open(sys.argv[1]))
      Draft202012Validator.check_schema(schema)
      validator = Draft202012Validator(schema)
      for name in ("full", "small"):
          validator.validate(json.load(open(name)))
      errors = [list(error.absolute_path) for error in validator.iter_errors(json.load(open("wrong")))]
      assert errors == [["content", "rules", 0, "grade"]], errors
      """
    let result = try await run(
      "python3", ["-c", script, Self.schemaPath], environment: ["PYTHONPATH": Self.pythonPath ?? ""], in: folder.path)
    #expect(result.succeeded, "\(result.standardError)")
  }

  @Test("the JSON Schema and the model name the same members, and agree on which may be missing")
  func schemaMembers() throws {
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: Self.schemaPath))) as? [String: Any])
    var compared = 0
    /// Every object of a document against the schema at its place.
    func compare(_ value: JSONValue, _ schema: [String: Any], _ pointer: String, isFull: Bool) throws {
      switch value {
      case .object(let members):
        guard let properties = schema["properties"] as? [String: [String: Any]] else {
          #expect(pointer == "/manifest/sha256")
          return
        }
        #expect(schema["additionalProperties"] as? Bool == false, "\(pointer)")
        let required = Set(schema["required"] as? [String] ?? [])
        if isFull {
          #expect(Set(members.keys).isSubset(of: properties.keys) && Set(members.keys).isSuperset(of: required), "\(pointer)")
        } else {
          #expect(Set(members.keys) == required, "\(pointer)")
        }
        compared += 1
        for (name, member) in members { try compare(member, properties[name] ?? [:], "\(pointer)/\(name)", isFull: isFull) }
      case .array(let elements):
        let items = schema["items"] as? [String: Any] ?? [:]
        // Of elements with optional members, together they have each.
        if isFull, let properties = items["properties"] as? [String: Any], !elements.isEmpty {
          let names = elements.reduce(into: Set<String>()) { if case .object(let members) = $1 { $0.formUnion(members.keys) } }
          #expect(names == Set(properties.keys) || pointer.hasSuffix("/0/calls"), "\(pointer)")
        }
        for (index, element) in elements.enumerated() { try compare(element, items, "\(pointer)/\(index)", isFull: isFull) }
      default: break
      }
    }
    try compare(try CanonicalJSON.parse(try fullFixture().file()), object, "", isFull: true)
    try compare(try CanonicalJSON.parse(try smallFixture().file()), object, "", isFull: false)
    #expect(compared > 30)
  }
}
