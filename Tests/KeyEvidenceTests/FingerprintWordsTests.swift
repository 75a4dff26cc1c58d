import KeyEvidence
import Testing

@Suite("Fingerprints in words")
struct FingerprintWordsTests {
  private let fingerprint: [UInt8] = [
    0xE5, 0x82, 0x94, 0xF2, 0xE9, 0xA2, 0x27, 0x48, 0x6E, 0x8B, 0x06, 0x1B, 0x31, 0xCC, 0x52, 0x8F, 0xD7, 0xFA, 0x3F, 0x19,
  ]
  private let words =
    "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa afflict bravado chatter revolver Dupont midsummer "
    + "stopwatch whimsical cowbell bottomless"

  @Test("the published example")
  func example() throws {
    #expect(FingerprintWords.words(for: fingerprint).joined(separator: " ") == words)
    #expect(try FingerprintWords.bytes(of: words.split(separator: " ").map(String.init)) == fingerprint)
    #expect(try FingerprintWords.bytes(of: words.uppercased().split(separator: " ").map(String.init)) == fingerprint)
  }

  @Test("each byte has a word of its own in each of the two lists, and comes back from it")
  func everyByte() throws {
    let bytes = (UInt8.min...UInt8.max).flatMap { [$0, $0] }
    let words = FingerprintWords.words(for: bytes)
    #expect(words.count == 512 && Set(words.map { $0.lowercased() }).count == 512)
    #expect(try FingerprintWords.bytes(of: words) == bytes)
  }

  @Test("a word that is none, left out or exchanged is told by its number (EVIDENCE-WORDS)")
  func wrong() throws {
    var list = words.split(separator: " ").map(String.init)
    list[3] = "vagabund"
    let unknown = try refusal { _ = try FingerprintWords.bytes(of: list) }
    #expect(unknown.rule.rawValue == "EVIDENCE-WORDS" && unknown.where == "word 4")
    list.remove(at: 3)
    let leftOut = try refusal { _ = try FingerprintWords.bytes(of: list) }
    #expect(leftOut.where == "word 4" && leftOut.message.contains("left out"))
  }
}
