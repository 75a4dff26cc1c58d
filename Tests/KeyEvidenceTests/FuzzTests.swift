import Foundation
import TestSupport
import Testing

@Suite("Canonical JSON of whatever comes")
struct FuzzTests {
  @Test("what the fuzzer kept", arguments: FuzzTarget.allCases)
  func corpus(target: FuzzTarget) throws {
    let folder = OfficialMaterial.projectFolder.appending(path: "Tests/Corpora/\(target.rawValue)")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    #expect(files.count > 20, "Tests/Corpora/\(target.rawValue) holds \(files.count) inputs")
    for file in files {
      let finding = target.finding(in: [UInt8](try Data(contentsOf: file)))
      #expect(finding == nil, "\(file.lastPathComponent): \(finding ?? "")")
    }
  }

  @Test("what the fuzzer kept, with bytes changed, taken away and added", arguments: FuzzTarget.allCases)
  func mutations(target: FuzzTarget) throws {
    let folder = OfficialMaterial.projectFolder.appending(path: "Tests/Corpora/\(target.rawValue)")
    let inputs = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).map {
      [UInt8](try Data(contentsOf: $0))
    }
    let seconds = ProcessInfo.processInfo.environment["HSMKEY_FUZZ_SECONDS"].flatMap(Double.init) ?? 2
    let end = Date(timeIntervalSinceNow: seconds)
    var random = SystemRandomNumberGenerator()
    while Date() < end {
      guard var input = inputs.randomElement(using: &random) else { return }
      for _ in 0..<Int.random(in: 1...4, using: &random) where !input.isEmpty {
        let index = Int.random(in: input.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: input[index] = UInt8.random(in: 0...255, using: &random)
        case 1: input.remove(at: index)
        case 2: input.insert(input[Int.random(in: input.indices, using: &random)], at: index)
        default: input[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
      }
      if let finding = target.finding(in: input) {
        Issue.record("\(finding): \(Data(input).base64EncodedString())")
        return
      }
    }
  }

  @Test("long texts, many members, many elements and deep nesting are read in one go", arguments: [1 << 18, 1 << 20])
  func large(count: Int) throws {
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: count)
    for input in [
      // Nothing but escapes; a text without an end; numbers without an end; members that differ in their last character.
      Array("\"".utf8) + Array(repeatElement(Array("\\n".utf8), count: count / 2).joined()) + Array("\"".utf8),
      Array("\"".utf8) + text, [UInt8](repeating: UInt8(ascii: "1"), count: count), [UInt8](repeating: UInt8(ascii: "["), count: count),
      Array("[".utf8) + Array(repeatElement(Array("{},".utf8), count: count / 3).joined()) + Array("0]".utf8),
      Array("{".utf8) + Array((0..<count / 16).map { Array("\"\(1_000_000 + $0)\":0".utf8) }.joined(separator: [UInt8(ascii: ",")]))
        + Array("}".utf8),
    ] { #expect(FuzzTarget.json.finding(in: input) == nil) }
  }
}
