import KeyCeremony
import Secrets
import Testing

@Suite("Split PINs")
struct SharedPINTests {
  @Test(
    "M of N give the PIN, in every choice and order; fewer are CEREMONY-SHARE-COUNT", arguments: [(2, 2), (2, 3), (3, 5), (4, 4), (5, 6)])
  func choicesOfShares(threshold: Int, count: Int) throws {
    let pin = GeneratedPIN.make(length: 16, alphabet: .lettersAndDigits)
    let shares = try SharedPIN.split(pin, threshold: threshold, count: count)
    #expect(shares.map(\.index) == Array(1...count) && Set(shares.map(\.setText)).count == 1)
    for size in threshold...count {
      for choice in choices(of: size, from: shares) {
        #expect(try SharedPIN.combine(choice).clear == pin.clear)
        #expect(try SharedPIN.combine(choice.reversed()).clear == pin.clear)
      }
    }
    for size in 0..<threshold {
      for choice in choices(of: size, from: shares) {
        let error = #expect(throws: CeremonyError.self) { try SharedPIN.combine(choice) }
        #expect(error?.rule == .shareCount)
        if size > 0 { #expect(error?.hint == (threshold - size == 1 ? "1 more is wanted." : "\(threshold - size) more are wanted.")) }
      }
    }
  }

  @Test("PINs of every length from 6 to 64, and 255 shares", arguments: [6, 7, 8, 16, 17, 31, 63, 64])
  func lengths(length: Int) throws {
    let pin = GeneratedPIN.make(length: length, alphabet: .digits)
    let shares = try SharedPIN.split(pin, threshold: 2, count: 255)
    let typed = try [shares[254], shares[0]].map { try PINShare(typed: $0.card) }
    #expect(try SharedPIN.combine(typed).clear == pin.clear)
  }

  @Test(
    "a PIN that is too short or long, and numbers that cannot be, are CEREMONY-SHARE-COUNT", arguments: [(1, 3), (4, 3), (2, 256), (0, 0)])
  func numbers(threshold: Int, count: Int) {
    #expect(throws: CeremonyError.self) { try SharedPIN.split(HeldSecret("123456"), threshold: threshold, count: count) }
    for pin in ["12345", String(repeating: "1", count: 65), ""] {
      let error = #expect(throws: CeremonyError.self) { try SharedPIN.split(HeldSecret(pin), threshold: 2, count: 3) }
      #expect(error?.rule == .shareCount)
    }
  }

  @Test("two sharings of one PIN have nothing in common; their shares are not mixed: CEREMONY-SHARE-GENUINE")
  func sets() throws {
    let pin = HeldSecret("correct-horse")
    let first = try SharedPIN.split(pin, threshold: 2, count: 3)
    let second = try SharedPIN.split(pin, threshold: 2, count: 3)
    #expect(first[0].setID != second[0].setID && first[0].card != second[0].card)
    let error = #expect(throws: CeremonyError.self) { try SharedPIN.combine([first[0], second[1]]) }
    #expect(error?.rule == .shareGenuine && error?.message.contains(second[1].setText) == true)
    let wanted = #expect(throws: CeremonyError.self) { try second[0].check(joins: [], set: first[0].setID) }
    #expect(wanted?.rule == .shareGenuine && wanted?.message.contains("another set") == true)
    try first[0].check(joins: [first[1]], set: first[0].setID)
  }

  @Test("the same share twice is one share: CEREMONY-SHARE-COUNT")
  func twice() throws {
    let shares = try SharedPIN.split(HeldSecret("123456"), threshold: 2, count: 3)
    let error = #expect(throws: CeremonyError.self) { try SharedPIN.combine([shares[1], shares[1]]) }
    #expect(error?.rule == .shareCount && error?.message.contains("share 2") == true)
  }

  @Test("a share that somebody has made up gives no PIN: CEREMONY-SHARE-GENUINE, whichever it stands beside")
  func madeUp() throws {
    let shares = try SharedPIN.split(HeldSecret("123456"), threshold: 2, count: 3)
    // Well-formed: the set's name, a checksum that is right, other octets.
    let forged = try PINShare(typed: Card.write(Card.octets(of: shares[1].card), changing: 20))
    #expect(forged.setID == shares[0].setID && forged.index == 2)
    for choice in [[shares[0], forged], [forged, shares[2]], [shares[0], forged, shares[2]]] {
      let error = #expect(throws: CeremonyError.self) { try SharedPIN.combine(choice) }
      #expect(error?.rule == .shareGenuine)
    }
  }

  @Test("the digest of a share is that of its card's octets")
  func digests() throws {
    let shares = try SharedPIN.split(HeldSecret("123456"), threshold: 2, count: 3)
    for share in shares { #expect(share.sha256 == Card.sha256(Card.octets(of: share.card))) }
    #expect(Set(shares.map(\.sha256)).count == 3)
    #expect(try PINShare(typed: shares[0].card).sha256 == shares[0].sha256)
  }

  @Test("generated PINs: of the alphabet, of the length, each character about as often as any other", arguments: PlanPIN.Alphabet.allCases)
  func generated(alphabet: PlanPIN.Alphabet) {
    let expected = alphabet == .digits ? "0123456789" : "23456789abcdefghjkmnpqrstuvwxyz"
    let pins = (0..<500).map { _ in GeneratedPIN.make(length: 62, alphabet: alphabet).clear }
    #expect(Set(pins).count == 500 && pins.allSatisfy { $0.count == 62 })
    let counts = Dictionary(pins.joined().map { ($0, 1) }, uniquingKeysWith: +)
    #expect(Set(counts.keys) == Set(expected))
    // 31000 characters: a character that is 1.5 times as likely as another would be thirty standard deviations away.
    let mean = 31000 / expected.count
    #expect(counts.values.allSatisfy { abs($0 - mean) < mean / 4 })
  }

  @Test("no share and no PIN is in what a share tells when it is printed or dumped")
  func printing() throws {
    let shares = try SharedPIN.split(HeldSecret("73519284Qx"), threshold: 2, count: 3)
    var text = "\(shares)"
    dump(shares, to: &text)
    let hexadecimal = Card.octets(of: shares[0].card).dropFirst(13).prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(!text.contains(shares[0].card.prefix(11)) && !text.contains(hexadecimal) && !text.contains("73519284Qx"))
  }
}
