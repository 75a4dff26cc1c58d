import Foundation
import TestSupport
import Testing

@testable import XMLSignature

/// Repeats itself: a failure is found again from its seed (SplitMix64).
struct RepeatableGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Changes documents at random: octets, pieces, pieces of other documents, and words that mean something to XML.
struct DocumentMutator {
  var generator: RepeatableGenerator
  let corpus: [[UInt8]]

  static let words: [[UInt8]] =
    [
      "<", ">", "/>", "</", "\"", "'", "&", "&amp;", "&#13;", "&#x0;", "&#xFFFF;", "&x;", "<!--", "-->", "--", "<![CDATA[", "]]>", "<?",
      "?>",
      "<!DOCTYPE a [<!ENTITY x \"y\">]>", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>", "xmlns=\"\"", " xmlns=\"urn:x\"",
      " xmlns:ds=\"urn:x\"",
      " xmlns:p=\"urn:y\"", " xml:lang=\"x\"", " xml:id=\"x\"", "<ds:Signature/>",
      "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">",
      "</Signature>", "<SignedInfo>", "<Reference URI=\"\">", " URI=\"#x\"", " Id=\"x\"", "<Object>", "<a>", "</a>", "<a/>", ":", "\u{0}",
      "\u{1}",
      "\u{FFFE}", "\u{FEFF}", "\u{2028}", "\r", "\n", "\t", " ", "=", "AAAA",
    ].map(\.octets) + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]]

  mutating func document() -> [UInt8] {
    var octets = corpus[pick(corpus.count)]
    for _ in 0...pick(4) { mutate(&octets) }
    return octets
  }

  private mutating func pick(_ count: Int) -> Int { count <= 0 ? 0 : Int.random(in: 0..<count, using: &generator) }

  private mutating func range(of octets: [UInt8]) -> Range<Int> {
    let start = pick(octets.count + 1)
    return start..<min(octets.count, start + pick(1 << (1 + pick(9))))
  }

  private mutating func mutate(_ octets: inout [UInt8]) {
    switch pick(8) {
    case 0 where !octets.isEmpty: octets[pick(octets.count)] ^= 1 << UInt8(pick(8))
    case 1 where !octets.isEmpty: octets[pick(octets.count)] = UInt8(pick(256))
    case 2: octets.removeSubrange(range(of: octets))
    case 3: octets.insert(contentsOf: octets[range(of: octets)], at: pick(octets.count + 1))
    case 4:
      let other = corpus[pick(corpus.count)]
      octets.replaceSubrange(range(of: octets), with: other[range(of: other)])
    case 5:
      let nesting = pick(100)
      let at = pick(octets.count + 1)
      octets.insert(contentsOf: repeatElement("<a>".octets, count: nesting).joined(), at: at)
    default: octets.insert(contentsOf: Self.words[pick(Self.words.count)], at: pick(octets.count + 1))
    }
  }
}

/// Whatever a document is changed into, it is refused, or what it says is what was signed; and what is read is what is canonicalized.
@Suite struct FuzzTests {
  static let seconds = ProcessInfo.processInfo.environment["HSMKEY_FUZZ_SECONDS"].flatMap(Int.init)
  static let seed = ProcessInfo.processInfo.environment["HSMKEY_FUZZ_SEED"].flatMap(UInt64.init) ?? 1

  static func corpus() async throws -> [[UInt8]] {
    var corpus: [[UInt8]] = []
    for transforms in ReferenceTransforms.allCases {
      for style in EnvelopedSignerTests.styles {
        corpus.append(try await SigningFixture.signed(SigningFixture.unsigned, transforms, style).octets)
      }
      corpus.append(try await SigningFixture.signed(MutationTests.compact, transforms).octets)
    }
    if OfficialMaterial.isPresent, let sample = OfficialSampleTests.samples.last {
      corpus.append(try OfficialMaterial.bytes("incomes-register/\(sample)"))
    }
    return corpus
  }

  /// - Returns: how many documents were still well-formed, and how many verified.
  static func fuzz(seed: UInt64, while goesOn: (Int) -> Bool) async throws -> (parsed: Int, verified: Int) {
    let corpus = try await corpus()
    let verifier = EnvelopedSignatureVerifier()
    let signed = Set(try corpus.map { try verifier.verify($0).signedOctets })
    var mutator = DocumentMutator(generator: RepeatableGenerator(seed: seed), corpus: corpus)
    var (parsed, verified) = (0, 0)
    var iteration = 0
    while goesOn(iteration) {
      iteration += 1
      let octets = mutator.document()
      guard let document = try? XMLDocument(parsing: octets) else {
        if (try? verifier.verify(octets)) != nil { report("verified, but does not parse", seed, iteration, octets) }
        continue
      }
      parsed += 1
      for method in [CanonicalizationMethod.inclusive, .exclusive] {
        guard let canonical = try? document.canonicalized(method) else { continue }
        let again = try? XMLDocument(parsing: canonical, limits: XMLLimits.standard.forCanonicalForm)
        if again?.root != document.root { report("the canonical form says something else", seed, iteration, octets) }
      }
      guard let accepted = try? verifier.verify(document) else { continue }
      verified += 1
      if !signed.contains(accepted.signedOctets) { report("verified, but was not signed", seed, iteration, octets) }
    }
    return (parsed, verified)
  }

  private static func report(_ what: String, _ seed: UInt64, _ iteration: Int, _ octets: [UInt8]) {
    Issue.record("\(what): seed \(seed), document \(iteration): \(Data(octets).base64EncodedString())")
  }

  @Test("A few thousand changed documents are refused, or say what was signed")
  func short() async throws {
    let (parsed, verified) = try await Self.fuzz(seed: 1) { $0 < 3000 }
    // The changes must not all be caught by the parser, or nothing is tried.
    #expect(parsed > 300 && verified > 30)
  }

  @Test("So are those of a longer run", .enabled(if: seconds != nil, "HSMKEY_FUZZ_SECONDS does not say how long"))
  func long() async throws {
    let end = ContinuousClock.now + .seconds(Self.seconds ?? 0)
    let (parsed, verified) = try await Self.fuzz(seed: Self.seed) { _ in ContinuousClock.now < end }
    #expect(parsed > 0 && verified > 0)
  }
}
