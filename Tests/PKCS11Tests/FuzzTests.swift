import Foundation
import TestSupport
import Testing

@Suite("Whatever a URI or a module says")
struct FuzzTests {
  @Test("the inputs that the fuzzer kept find nothing", arguments: FuzzTarget.allCases)
  func corpus(_ target: FuzzTarget) throws {
    let folder = OfficialMaterial.projectFolder.appending(path: "Tests/Corpora/\(target.rawValue)")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    #expect(files.count >= 20)
    for file in files {
      let finding = target.finding(in: [UInt8](try Data(contentsOf: file)))
      #expect(finding == nil, "\(file.lastPathComponent)")
    }
  }

  @Test("nor do those inputs when they are changed a little, the same way each time", arguments: FuzzTarget.allCases)
  func changed(_ target: FuzzTarget) throws {
    let folder = OfficialMaterial.projectFolder.appending(path: "Tests/Corpora/\(target.rawValue)")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    let inputs = try files.sorted { $0.path < $1.path }.map { [UInt8](try Data(contentsOf: $0)) }
    var generator = FixedGenerator()
    for _ in 0..<5_000 {
      var input = inputs.randomElement(using: &generator) ?? []
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0...input.count, using: &generator)
        switch Int.random(in: 0...3, using: &generator) {
        case 0: input.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        case 1: input.insert(contentsOf: (inputs.randomElement(using: &generator) ?? []).prefix(16), at: place)
        case 2 where place < input.count: input[place] = UInt8.random(in: 0...255, using: &generator)
        default: input.removeSubrange(place..<min(place + 4, input.count))
        }
      }
      let finding = target.finding(in: input)
      #expect(finding == nil, "\(input)")
    }
  }
}

/// Numbers that are the same in each run (SplitMix64).
private struct FixedGenerator: RandomNumberGenerator {
  private var state: UInt64 = 7512

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
