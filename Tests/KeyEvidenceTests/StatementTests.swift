import Crypto
import Foundation
import KeyEvidence
import TestSupport
import Testing

/// What refused, and where.
func refusal(_ work: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) throws -> EvidenceError {
  let error = #expect(throws: EvidenceError.self, sourceLocation: sourceLocation) { try work() }
  return try #require(error, sourceLocation: sourceLocation)
}

@Suite("Signed statements")
struct StatementTests {
  static let format = "test-statement/1"
  static let content: JSONValue = [
    "list": [["a": 1], ["a": 2], "three"], "made-at": "2026-01-02T03:04:05Z", "object": ["x": true, "y": .null], "odd/name~": [0],
  ]

  static func signed(by signers: [(String, SoftwareSigner)], _ content: JSONValue = content) throws -> [UInt8] {
    var draft = StatementDraft(format: format, content: content)
    for (role, signer) in signers { try draft.add(try signer.signature(role, of: draft)) }
    return draft.encoded()
  }

  private func verify(_ bytes: [UInt8], format: String = format) throws -> VerifiedStatement {
    try VerifiedStatement.verify(bytes, format: format)
  }

  /// The document with something of it replaced, in canonical form again.
  private func changed(_ bytes: [UInt8], _ change: (inout [String: JSONValue]) throws -> Void) throws -> [UInt8] {
    guard case .object(var document) = try CanonicalJSON.parse(bytes) else { return [] }
    try change(&document)
    return CanonicalJSON.encode(.object(document))
  }

  @Test("what is signed verifies, with each algorithm", arguments: StatementSignatureAlgorithm.allCases)
  func roundTrip(algorithm: StatementSignatureAlgorithm) throws {
    let signer = try SoftwareSigner.of(algorithm)
    let statement = try verify(Self.signed(by: [("key", signer)]))
    #expect(statement.content == Self.content)
    #expect(statement.format == Self.format)
    #expect(statement.signatures.map(\.algorithm) == [algorithm])
    #expect(statement.signatures.map(\.role) == ["key"])
    #expect(statement.signatures.map(\.publicKey) == [signer.publicKey])
  }

  @Test("several sign, in any order; a key signs once (EVIDENCE-SIGNERS)")
  func several() throws {
    let (key, auditor, witness) = (SoftwareSigner.p256(), SoftwareSigner.ed25519(), SoftwareSigner.p384())
    let all = [("witness", witness), ("key", key), ("auditor", auditor)]
    #expect(try verify(Self.signed(by: all)).signatures.map(\.role) == ["auditor", "key", "witness"])
    let twice = try refusal { _ = try Self.signed(by: all + [("auditor", key)]) }
    #expect(twice.rule.rawValue == "EVIDENCE-SIGNERS")
    let nobody = try refusal { _ = try verify(Self.signed(by: [])) }
    #expect(nobody.rule == .signers && nobody.where == "/signatures")
    let unknown = try refusal { _ = try Self.signed(by: [("boss", key)]) }
    #expect(unknown.rule == .signers)
    let swapped = try changed(Self.signed(by: all)) { document in
      guard case .array(var list)? = document["signatures"] else { return }
      list.swapAt(0, 2)
      document["signatures"] = .array(list)
    }
    let order = try refusal { _ = try verify(swapped) }
    #expect(order.rule == .signers && order.where == "/signatures/1")
  }

  @Test("a signature that does not verify cannot be made (EVIDENCE-SIGNATURE), nor one with another kind of key (EVIDENCE-ALGORITHM)")
  func making() throws {
    let (one, other) = (SoftwareSigner.p256(), SoftwareSigner.ed25519())
    let draft = StatementDraft(format: Self.format, content: Self.content)
    let bad = try refusal {
      _ = try StatementSignature(role: "key", algorithm: .ecdsaSHA256, publicKey: one.publicKey, signature: try one.sign([1]), of: draft)
    }
    #expect(bad.rule.rawValue == "EVIDENCE-SIGNATURE")
    let kind = try refusal {
      _ = try StatementSignature(
        role: "key", algorithm: .ecdsaSHA256, publicKey: other.publicKey, signature: try other.sign(draft.bytesToSign), of: draft)
    }
    #expect(kind.rule.rawValue == "EVIDENCE-ALGORITHM")
    var elsewhere = StatementDraft(format: Self.format, content: ["a": 1])
    let foreign = try refusal { try elsewhere.add(try one.signature("key", of: draft)) }
    #expect(foreign.rule == .signature)
  }

  @Test("what is in place of the document's members is refused (EVIDENCE-MEMBERS)")
  func members() throws {
    let bytes = try Self.signed(by: [("key", .p256())])
    let more = try refusal { _ = try verify(changed(bytes) { $0["more"] = 1 }) }
    #expect(more.rule.rawValue == "EVIDENCE-MEMBERS" && more.where == "/more")
    let fewer = try refusal { _ = try verify(changed(bytes) { $0["manifest"] = nil }) }
    #expect(fewer.rule == .members)
    let list = try refusal { _ = try verify(changed(bytes) { $0["content"] = [] }) }
    #expect(list.rule == .members && list.where == "/content")
  }

  @Test("another format is told (EVIDENCE-FORMAT)")
  func otherFormat() throws {
    let bytes = try Self.signed(by: [("key", .p256())])
    let error = try refusal { _ = try verify(bytes, format: "test-statement/2") }
    #expect(error.rule.rawValue == "EVIDENCE-FORMAT" && error.where == "/manifest/format")
    #expect(error.hint == "it was made for another version of this tool")
  }

  @Test("a changed content is told by its section and element (EVIDENCE-DIGEST)")
  func changedContent() throws {
    let bytes = try Self.signed(by: [("key", .p256())])
    func place(_ change: (inout [String: JSONValue]) -> Void) throws -> String {
      let error = try refusal {
        _ = try verify(
          changed(bytes) { document in
            guard case .object(var content)? = document["content"] else { return }
            change(&content)
            document["content"] = .object(content)
          })
      }
      #expect(error.rule.rawValue == "EVIDENCE-DIGEST")
      return error.where
    }
    #expect(try place { $0["made-at"] = "2026-01-02T03:04:06Z" } == "/content/made-at")
    #expect(try place { $0["list"] = [["a": 1], ["a": 3], "three"] } == "/content/list/1")
    #expect(try place { $0["list"] = [["a": 1], ["a": 2]] } == "/content/list/2")
    #expect(try place { $0["list"] = [["a": 1], ["a": 2], "three", 4] } == "/content/list/3")
    #expect(try place { $0["list"] = [["a": 2], ["a": 1], "three"] } == "/content/list/0")
    #expect(try place { $0["list"] = nil } == "/content/list")
    #expect(try place { $0["object"] = ["x": true] } == "/content/object/y")
    #expect(try place { $0["object"] = ["x": true, "z": .null] } == "/content/object/y")
    #expect(try place { $0["odd/name~"] = [1] } == "/content/odd~1name~0/0")
    #expect(try place { $0["new"] = 1 } == "/content/new")
  }

  @Test("a changed manifest is told by its entry (EVIDENCE-MANIFEST)")
  func changedManifest() throws {
    let bytes = try Self.signed(by: [("key", .p256())])
    let error = try refusal {
      _ = try verify(
        changed(bytes) { document in
          guard case .object(var manifest)? = document["manifest"], case .object(var digests)? = manifest["sha256"] else { return }
          digests["/list/1"] = .string(String(repeating: "0", count: 64))
          manifest["sha256"] = .object(digests)
          document["manifest"] = .object(manifest)
        })
    }
    #expect(error.rule.rawValue == "EVIDENCE-MANIFEST" && error.where == "/manifest/sha256/~1list~11")
  }
}
