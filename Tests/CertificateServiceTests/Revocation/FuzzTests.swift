import Foundation
import TestSupport
import Testing

@Suite("Revocation lists of whatever comes")
struct FuzzTests {
  @Test("what the fuzzer kept", arguments: FuzzTarget.allCases)
  func corpus(target: FuzzTarget) throws {
    let inputs = try Self.inputs(target)
    #expect(inputs.count > 20, "Tests/Corpora/\(target.rawValue) holds \(inputs.count) inputs")
    for (name, input) in inputs {
      let finding = target.finding(in: input)
      #expect(finding == nil, "\(name): \(finding ?? "")")
    }
  }

  @Test("what the fuzzer kept, with bytes changed, taken away and added", arguments: FuzzTarget.allCases)
  func mutations(target: FuzzTarget) throws {
    let inputs = try Self.inputs(target).map(\.1)
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

  private static func inputs(_ target: FuzzTarget) throws -> [(String, [UInt8])] {
    let folder = OfficialMaterial.projectFolder.appending(path: "Tests/Corpora/\(target.rawValue)")
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).map {
      ($0.lastPathComponent, [UInt8](try Data(contentsOf: $0)))
    }
  }
}
