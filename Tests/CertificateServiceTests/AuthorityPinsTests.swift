import CertificateService
import TestSupport
import Testing

@Suite("Files of pins")
struct AuthorityPinsTests {
  private static let digest = String(repeating: "a1", count: 32)

  @Test("what is written is read as it was")
  func roundTrip() throws {
    let pins = try AuthorityPins(parsing: Array(AuthorityPins.published.text.utf8), file: "pins")
    #expect(pins.authorities == PublishedAuthority.all)
    #expect(pins.file == "pins")
    #expect(try AuthorityPins(parsing: Array(pins.text.utf8), file: "pins") == pins)
  }

  @Test(
    "TRUST-PINS-FILE what is not exactly right is refused",
    arguments: [
      "", "hsmkey-pins 1", "hsmkey-pins 2\ntest root \(digest) X\n", "hsmkey-pins 1 \ntest root \(digest) X\n",
      "test root \(digest) X\n", "hsmkey-pins 1\r\ntest root \(digest) X\r\n", "hsmkey-pins 1\nTest root \(digest) X",
      "hsmkey-pins 1\ntest leaf \(digest) X", "hsmkey-pins 1\ntest root \(digest.dropLast()) X", "hsmkey-pins 1\ntest root \(digest)",
      "hsmkey-pins 1\ntest root \(digest) ", "hsmkey-pins 1\ntest  root \(digest) X", "hsmkey-pins 1\n test root \(digest) X",
      "hsmkey-pins 1\ntest root \(digest) X\ntest root \(digest) Y", "hsmkey-pins 1\ntest root \(digest) X\u{1B}[2J",
      "hsmkey-pins 1\ntest root \(digest)\tX", "hsmkey-pins 1\n# nothing\n",
    ])
  func refused(text: String) throws {
    let error = try #require(throws: CertificateServiceError.self) { try AuthorityPins(parsing: Array(text.utf8), file: "pins") }
    #expect(error.rule == .trustPinsFile)
    #expect(error.hint != nil)
  }

  @Test("TRUST-PINS-FILE octets that are no text, and too many of them")
  func octets() throws {
    let text = Array("hsmkey-pins 1\ntest root \(Self.digest) X\n".utf8)
    for bytes in [text + [0xFF], text + Array(repeatElement(UInt8(ascii: "#"), count: AuthorityPins.maximumBytes))] {
      let error = try #require(throws: CertificateServiceError.self) { try AuthorityPins(parsing: bytes, file: "pins") }
      #expect(error.rule == .trustPinsFile)
    }
  }

  @Test("a fingerprint is read as OpenSSL and people write it, and nothing else is one")
  func fingerprints() {
    let upper = Self.digest.uppercased()
    let colons = stride(from: 0, to: 64, by: 2).map { upper.dropFirst($0).prefix(2) }.joined(separator: ":")
    for text in [Self.digest, upper, colons] { #expect(AuthorityPins.fingerprint(text) == Self.digest) }
    for text in [
      "", "a1", String(Self.digest.dropLast()), Self.digest + "0", "\(Self.digest) ", colons.replacing(":", with: "-"),
      "g" + Self.digest.dropFirst(),
    ] {
      #expect(AuthorityPins.fingerprint(text) == nil)
    }
  }
}
