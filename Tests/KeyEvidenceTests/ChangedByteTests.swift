import Foundation
import KeyEvidence
import TestSupport
import Testing

/// Where each value of a canonical document stands.
private struct DocumentMap {
  private(set) var places: [(range: Range<Int>, pointer: String)] = []

  init(_ document: JSONValue) { add(document, "", 0) }

  /// The innermost value, or the member with its name, that a byte belongs to.
  func pointer(at offset: Int) -> String {
    places.filter { $0.range.contains(offset) }.max { $0.pointer.utf8.count < $1.pointer.utf8.count }?.pointer ?? ""
  }

  private mutating func add(_ value: JSONValue, _ pointer: String, _ start: Int) {
    var position = start + 1
    switch value {
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        let end = position + CanonicalJSON.encode(element).count
        places.append((position..<end, "\(pointer)/\(index)"))
        add(element, "\(pointer)/\(index)", position)
        position = end + 1
      }
    case .object(let members):
      for (name, member) in members.sorted(by: { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }) {
        let written = position + CanonicalJSON.encode(.string(name)).count + 1
        let end = written + CanonicalJSON.encode(member).count
        let inside = "\(pointer)/\(name.replacing("~", with: "~0").replacing("/", with: "~1"))"
        places.append((position..<end, inside))
        add(member, inside, written)
        position = end + 1
      }
    default: break
    }
  }
}

@Suite("A changed byte is refused, and found")
struct ChangedByteTests {
  private static let auditor = SoftwareSigner.ed25519()
  private static let fixture: ProofFixture = {
    var fixture = ProofFixture()
    fixture.attestations = [.init(type: "vendor-x", data: [1, 2, 3, 4])]
    return fixture
  }()
  private static let file = Result { try fixture.file([("auditor", auditor)]) }
  private static let now = Date(timeIntervalSince1970: 1_767_400_000)
  /// With a minute or more for changes at random, every change is made at every byte; otherwise one at every byte, the others at some.
  private static let isLong = ProcessInfo.processInfo.environment["HSMKEY_FUZZ_SECONDS"].flatMap { Int($0) }.map { $0 >= 60 } ?? false

  /// Whether an error tells where a byte was changed: in the section and element that it is in, or at most a few bytes from it.
  private func tells(_ error: EvidenceError, _ index: Int, _ expected: String) -> Bool {
    let words = error.where.split(separator: " ")
    if words.first == "byte" {
      // A name that has no end ends with the next text, and so does a text. Of two in the wrong order both are told.
      return words.compactMap { Int($0) }.contains { (-32...64).contains($0 - index) }
    }
    func section(_ pointer: String) -> [Substring] { Array(pointer.split(separator: "/").prefix(3)) }
    let (found, wanted) = (section(error.where), section(expected))
    // The name of a member is part of its place.
    return found == wanted || found.dropLast() == wanted.dropLast() || found == wanted.dropLast() || found.dropLast() == wanted
  }

  private func refused(_ bytes: [UInt8], _ what: @autoclosure () -> String) -> EvidenceError? {
    do {
      _ = try VerifiedKeyProof.verify(bytes, at: Self.now)
      Issue.record("\(what()) is taken")
      return nil
    } catch {
      if error.where.isEmpty || error.message.isEmpty { Issue.record("\(what()): nothing is told: \(error)") }
      return error
    }
  }

  @Test("every byte of a bundle, with several others in its place", arguments: 0..<8)
  func everyByte(part: Int) throws {
    let bytes = try Self.file.get()
    let map = DocumentMap(try CanonicalJSON.parse(bytes))
    let marks = Set("{}[],:\"\\".utf8)
    var tried = 0
    var astray = 0
    for index in bytes.indices where index % 8 == part {
      let old = bytes[index]
      let others = Self.isLong || index % 11 == part ? Set([old ^ 1, old ^ 0x20, UInt8(ascii: "\"")]) : [old ^ 1]
      for new in others where new != old {
        var changed = bytes
        changed[index] = new
        tried += 1
        let expected = map.pointer(at: index)
        guard let error = refused(changed, "byte \(index) of '\(expected)', \(new) for \(old),") else { continue }
        guard !tells(error, index, expected) else { continue }
        // What opens and closes can move the end of something far away.
        if marks.contains(old) || marks.contains(new) {
          astray += 1
        } else {
          Issue.record("byte \(index) in \(expected), \(new) for \(old): \(error)")
        }
      }
    }
    #expect(tried >= bytes.count / 8)
    #expect(astray <= 1 + tried / 50)
  }

  @Test("every byte left out, and every byte twice", arguments: 0..<8)
  func lengths(part: Int) throws {
    let bytes = try Self.file.get()
    let map = DocumentMap(try CanonicalJSON.parse(bytes))
    for index in bytes.indices where index % 8 == part && (Self.isLong || index % 5 == part % 5) {
      var changed = bytes
      changed.remove(at: index)
      if let error = refused(changed, "the document without byte \(index)"), !tells(error, index, map.pointer(at: index)) {
        #expect(Set("{}[],:\"\\".utf8).contains(bytes[index]), "without byte \(index) in \(map.pointer(at: index)): \(error)")
      }
      changed = bytes
      changed.insert(bytes[index], at: index)
      if let error = refused(changed, "the document with byte \(index) twice"), !tells(error, index, map.pointer(at: index)) {
        #expect(Set("{}[],:\"\\".utf8).contains(bytes[index]), "byte \(index) in \(map.pointer(at: index)) twice: \(error)")
      }
    }
  }

  @Test("every beginning of a bundle, and something behind its end")
  func truncation() throws {
    let bytes = try Self.file.get()
    for count in 0..<bytes.count where Self.isLong || count % 7 == 0 || count > bytes.count - 200 {
      _ = refused(Array(bytes.prefix(count)), "the first \(count) bytes")
    }
    for end in ["\n", " ", "}", "\0", "{}"] {
      let error = refused(bytes + Array(end.utf8), "a bundle with '\(end)' behind it")
      #expect(error?.where == "byte \(bytes.count)")
    }
  }

  /// The document with something of it changed, and not signed anew.
  private func changed(_ change: (inout JSONValue) -> Void) throws -> EvidenceError? {
    var document = try CanonicalJSON.parse(try Self.file.get())
    change(&document)
    return refused(CanonicalJSON.encode(document), "a changed document")
  }

  @Test("elements that change places, are taken away or come a second time")
  func elements() throws {
    for list in ["rules", "probes", "policy/waivers", "policy/must-be-claimed", "probes/1/calls", "token/flags"] {
      let path = ["content"] + list.split(separator: "/").map(String.init)
      guard case .array(let elements)? = try CanonicalJSON.parse(try Self.file.get())[path] else {
        Issue.record("\(list) is no list")
        continue
      }
      var variants = [Array(elements.dropLast()), elements + [elements[0]], [elements[0]] + elements, []]
      if elements.count > 1 { variants.append([elements[1], elements[0]] + elements.dropFirst(2)) }
      for variant in variants {
        let error = try changed { $0[path] = .array(variant) }
        #expect(
          error?.rule == .digest && error?.where.hasPrefix("/content/" + list.split(separator: "/").prefix(1).joined()) == true, "\(list)")
      }
    }
  }

  @Test("sections of another proof, by the same key and by another")
  func splicing() throws {
    var other = Self.fixture
    other.policy = .init(name: "weaker", isMet: true, mustBeClaimed: [], waivers: other.policy.waivers)
    other.rules[0] = .init(rule: "KEY-SENSITIVE", outcome: "met", grade: "probed", observed: "otherwise")
    other.probes[0] = .init(
      probe: "read-private-value", rule: "KEY-SENSITIVE", action: "b", outcome: "refused",
      calls: [.init(function: "C_GetAttributeValue", returned: "CKR_FUNCTION_FAILED")])
    other.madeAt += 1
    other.challenge = "another"
    let stranger = ProofFixture()
    for source in [try other.file([("auditor", Self.auditor)]), try stranger.file([("auditor", Self.auditor)])] {
      guard case .object(let sections)? = try CanonicalJSON.parse(source)["/content"],
        let document = try? CanonicalJSON.parse(try Self.file.get()), case .object(let own)? = document["/content"]
      else { continue }
      for (name, value) in sections where own[name] != value {
        let error = try changed { $0["/content/\(name)"] = value }
        #expect(error?.where.hasPrefix("/content/\(name)") == true, "\(name)")
      }
      let manifest = try changed { document in document["/manifest"] = try? CanonicalJSON.parse(source)["/manifest"] }
      #expect(manifest?.rule == .manifest, "\(manifest.map(\.description) ?? "")")
      let signatures = try changed { document in document["/signatures"] = try? CanonicalJSON.parse(source)["/signatures"] }
      #expect(signatures?.rule == .signature && signatures?.where.hasPrefix("/signatures/") == true)
      let content = try changed { document in document["/content"] = try? CanonicalJSON.parse(source)["/content"] }
      #expect(content?.rule == .digest)
    }
  }

  @Test("a section that is there twice is no JSON that is read")
  func duplicated() throws {
    let text = String(decoding: try Self.file.get(), as: UTF8.self)
    for name in ["content", "manifest", "signatures", "rules", "key"] {
      let start = try #require(text.firstRange(of: "\"\(name)\":")).lowerBound
      let error = refused(Array((text[..<start] + "\"\(name)\":{}," + text[start...]).utf8), "\(name) twice")
      #expect(error?.rule.rawValue == "EVIDENCE-MEMBER-ONCE")
    }
  }

  @Test("a signature that is not the signed manifest's is told from a manifest that is not the signed one (EVIDENCE-MANIFEST)")
  func signatures() throws {
    let manifest = try changed { $0["/manifest/format"] = "hsmkey-key-proof/2" }
    #expect(manifest?.rule.rawValue == "EVIDENCE-MANIFEST" && manifest?.where == "/manifest/format")
    let one = try changed { $0["/signatures/1/signature"] = $0["/signatures/0/signature"] }
    #expect(one?.rule == .signature && one?.where == "/signatures/1/signature")
    let algorithm = try changed { $0["/signatures/1/algorithm"] = "ecdsa-sha384" }
    #expect(algorithm?.rule == .algorithm && algorithm?.where == "/signatures/1/algorithm")
    let digest = try changed { $0["/signatures/1/public-key-sha256"] = .string(String(repeating: "0", count: 64)) }
    #expect(digest?.rule == .signers && digest?.where == "/signatures/1/public-key-sha256")
    let key = try changed { $0["/signatures/1/public-key"] = $0["/signatures/0/public-key"] }
    #expect(key?.rule == .signers && key?.where == "/signatures/1/public-key")
  }
}
