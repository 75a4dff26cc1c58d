import Foundation
import PKCS11
import TestSupport
import Testing

@testable import TokenKeys

@Suite("Generation", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct KeyGenerationTests {
  @Test("Every algorithm makes a key that meets every rule of the policy, by the token's own word", arguments: TokenKeysBench.algorithms)
  func everyAlgorithm(algorithm: KeyAlgorithm) async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(algorithm, named: "payroll")
    #expect(key.algorithm == algorithm)
    #expect(key.identifier.bytes.count == 20)
    let verdict = try await keys.verdict(of: key, algorithm: algorithm)
    #expect(verdict.isMet)
    let unclaimed = verdict.findings.filter { $0.outcome != .met }.map(\.rule)
    #expect(unclaimed == [.attributesFixed], "SoftHSM claims all of it that can be claimed")
    // Another process, with its own eyes.
    let listed = try await bench.tool(["--list-objects"]).standardOutput
    #expect(listed.contains("sensitive, always sensitive, never extractable, local"))
    #expect(listed.components(separatedBy: key.identifier.hexadecimal).count == 3, "both halves have the identifier")
    #expect(try bench.count([]) == 2)
  }

  @Test("KEY-NAME-TAKEN: a name that a key, or half of one, has is refused, and nothing is made")
  func nameTaken() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    _ = try await keys.generate(.ecdsaP256, named: "taken")
    try bench.makeKey(named: "half")
    try bench.destroy(.privateKey, named: "half")
    for name in ["taken", "half"] {
      #expect(try await keys.isTaken(name))
      let error = try await tokenKeysError { try await keys.generate(.ecdsaP256, named: name) }
      #expect(error.rule == .nameTaken)
    }
    #expect(try await !keys.isTaken("free"))
    #expect(try bench.count([]) == 3)
  }

  @Test("KEY-NAME-TAKEN: of several that generate under one name at once at most one gets its key, and the others leave nothing")
  func nameRace() async throws {
    let bench = try TokenKeysBench()
    let connections = [try await bench.keys(), try await bench.keys(), try await bench.keys()]
    let made = await withTaskGroup(of: TokenKey?.self) { group in
      for keys in connections { group.addTask { try? await keys.generate(.ecdsaP256, named: "race") } }
      return await group.reduce(into: [TokenKey]()) { if let key = $1 { $0.append(key) } }
    }
    #expect(made.count <= 1)
    #expect(try bench.count([Attribute(.label, "race")]) == made.count * 2)
  }

  @Test(
    "A name is 1 to 255 bytes without control characters",
    arguments: ["", String(repeating: "å", count: 128), "a\nb", "a\u{0}", "\u{9B}31m"])
  func badNames(name: String) async throws {
    let keys = try await SharedKeys.keys
    #expect(try await tokenKeysError { try await keys.generate(.ecdsaP256, named: name) }.code == .keyUnusable)
  }

  @Test("A name may be as long as 255 bytes, and in any language")
  func longName() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let name = String(repeating: "å", count: 127) + "x"
    let key = try await keys.generate(.ecdsaP256, named: name)
    #expect(try await keys.key(named: name) == key)
  }

  @Test("A key that does not meet the policy is destroyed, both halves, and the error names the rule")
  func destroyedAgain() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let demanding = KeyPolicy(name: "impossible", mustBeClaimed: [.local, .verifyAfterSign])
    let error = try await tokenKeysError { try await keys.generate(.ecdsaP256, named: "doomed", policy: demanding) }
    #expect(error.code == .ruleRefused)
    #expect(error.rule == .verifyAfterSign)
    #expect(error.message.contains("impossible"))
    #expect(error.hint == "the key has been destroyed, and a search finds nothing of it")
    #expect(try bench.count([]) == 0)
    #expect(try await bench.tool(["--list-objects"]).standardOutput.isEmpty)
    _ = try await keys.generate(.ecdsaP256, named: "doomed")
  }

  @Test("A key that was brought in or made badly is shown as violating the right rules", arguments: BadKey.allCases)
  func badKeys(_ bad: BadKey) async throws {
    let bench = try TokenKeysBench()
    try await bad.make(on: bench)
    let keys = try await bench.keys()
    let key = try await keys.key(named: "bad")
    let verdict = try await keys.verdict(of: key)
    #expect(Set(verdict.findings.filter { $0.outcome == .violated }.map(\.rule)) == bad.violated)
    #expect(verdict.objections.map(\.rule).allSatisfy(bad.violated.contains))
    #expect(!verdict.isMet)
    let error = try await tokenKeysError { try await keys.prove(key, is: key.algorithm) }
    #expect(error.rule.map(bad.violated.contains) == true)
    #expect(try await keys.key(named: "bad") == key, "proving does not destroy")
  }

  @Test("KEY-SIZE: a key of another algorithm than the one that was meant is not proved; the right one is")
  func wrongAlgorithm() async throws {
    let keys = try await SharedKeys.keys
    let key = try await SharedKeys.p256
    #expect(try await tokenKeysError { try await keys.prove(key, is: .ecdsaP384) }.rule == .size)
    #expect(try await keys.verdict(of: key, algorithm: .ecdsaP384).objections.map(\.rule).contains(.size))
    try await keys.prove(key, is: .ecdsaP256)
  }

  @Test("KEY-PAIR: a private key whose public half belongs to another key is not proved")
  func wrongHalf() async throws {
    let bench = try TokenKeysBench()
    try bench.makeKey(named: "first", identifier: [UInt8](repeating: 1, count: 20))
    try bench.makeKey(named: "second", identifier: [UInt8](repeating: 2, count: 20))
    try bench.destroy(.publicKey, named: "first")
    var session = try bench.session()
    let other = try #require(session.findObjects(matching: [Attribute(.objectClass, ObjectClass.publicKey)]).first)
    try session.setAttributes([Attribute(.id, [UInt8](repeating: 1, count: 20))], of: other)
    let keys = try await bench.keys()
    let error = try await tokenKeysError { try await keys.prove(keys.key(named: "first"), is: .ecdsaP256) }
    #expect(error.rule == .pair)
  }
}

/// Keys that nobody should use, each made in its own way.
struct BadKey: Sendable, CaseIterable, CustomTestStringConvertible {
  let testDescription: String
  let violated: Set<KeyRule>
  let make: @Sendable (TokenKeysBench) async throws -> Void

  private init(_ name: String, _ violated: Set<KeyRule>, _ changes: [Attribute]) {
    self.init(name, violated) { try $0.makeKey(named: "bad", changes: changes) }
  }

  private init(_ name: String, _ violated: Set<KeyRule>, _ make: @escaping @Sendable (TokenKeysBench) async throws -> Void) {
    testDescription = "\(violated.map(\.rawValue).sorted().joined(separator: " ")): \(name)"
    self.violated = violated
    self.make = make
  }

  func make(on bench: TokenKeysBench) async throws { try await make(bench) }

  static let allCases: [BadKey] = [
    BadKey("extractable", [.notExtractable, .neverExtractable], [Attribute(.extractable, true)]),
    BadKey("not sensitive", [.sensitive, .alwaysSensitive], [Attribute(.sensitive, false)]),
    BadKey("copyable", [.notCopyable], [Attribute(.copyable, true)]),
    BadKey("visible without login", [.isPrivate], [Attribute(.isPrivate, false)]),
    BadKey("may decrypt", [.signOnly], [Attribute(.decrypt, true)]),
    BadKey("may unwrap", [.signOnly], [Attribute(.unwrap, true)]),
    BadKey("may derive", [.signOnly], [Attribute(.derive, true)]),
    BadKey("may not sign", [.signOnly], [Attribute(.sign, false)]),
    BadKey("a short identifier", [.uniqueID]) { try $0.makeKey(named: "bad", identifier: [7]) },
    BadKey("imported with C_CreateObject", [.alwaysSensitive, .neverExtractable, .local]) { try $0.importKey() },
    BadKey("made by pkcs11-tool with its defaults", [.notCopyable, .signOnly]) { bench in
      let identifier = String(repeating: "07", count: 20)
      let made = try await bench.tool(["--keypairgen", "--key-type", "EC:prime256v1", "--label", "bad", "--id", identifier])
      guard made.succeeded else { throw ToolFailure(output: made.standardError) }
    },
  ]
}

struct ToolFailure: Error { let output: String }
