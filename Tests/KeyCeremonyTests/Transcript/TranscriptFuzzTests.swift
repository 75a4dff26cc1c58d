import Foundation
import TestSupport
import Testing

@Suite("Transcripts of whatever comes")
struct TranscriptFuzzTests {
  /// What the fuzzer kept, and a transcript as it should be.
  private func inputs(_ target: TranscriptFuzzTarget) throws -> [[UInt8]] {
    let folder = OfficialMaterial.projectFolder.appending(path: "Tests/Corpora/\(target.rawValue)")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    #expect(files.count > 20, "Tests/Corpora/\(target.rawValue) holds \(files.count) inputs")
    return try files.map { [UInt8](try Data(contentsOf: $0)) } + [try TranscriptFixture().bytes()]
  }

  @Test("what the fuzzer kept", arguments: TranscriptFuzzTarget.allCases)
  func corpus(target: TranscriptFuzzTarget) throws {
    for input in try inputs(target) {
      if let finding = target.finding(in: input) { Issue.record("\(finding): \(Data(input).base64EncodedString())") }
    }
  }

  @Test("what the fuzzer kept, with bytes changed, taken away and added", arguments: TranscriptFuzzTarget.allCases)
  func mutations(target: TranscriptFuzzTarget) throws {
    let inputs = try inputs(target)
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
}
