import Foundation
import KeyCeremony
import Secrets
import TestSupport
import Testing

/// The program of docs/ceremony-shares.md: another implementation, in another language.
@Suite("Shares without hsmkey: the program of the page gives the same PIN")
struct ShareRecoveryTests {
  private let folder: TemporaryFolder
  private let page: String

  init() throws {
    folder = try TemporaryFolder()
    page = try String(contentsOf: OfficialMaterial.projectFolder.appending(path: "docs/ceremony-shares.md"), encoding: .utf8)
    let program = try #require(page.firstMatch(of: /(?s)```python\n(.*?)```/)).1
    try folder.write(String(program).utf8, to: "recover.py")
  }

  private func recover(_ cards: [String]) async throws -> ProgramResult {
    let lines = cards.map { $0.replacing("\n", with: " ") + "\n" }.joined()
    return try await run("python3", [folder.path("recover.py")], input: Array(lines.utf8))
  }

  @Test("cards of ours, typed into it", arguments: [(2, 3, 16), (3, 5, 6), (4, 4, 64)])
  func ours(threshold: Int, count: Int, length: Int) async throws {
    let pin = GeneratedPIN.make(length: length, alphabet: .lettersAndDigits)
    let shares = try SharedPIN.split(pin, threshold: threshold, count: count)
    let enough = try await recover(shares.shuffled().prefix(threshold).map(\.card))
    #expect(enough.standardOutput == pin.clear + "\n", "\(enough.standardError)")
    let tooFew = try await recover(shares.prefix(threshold - 1).map(\.card))
    #expect(!tooFew.succeeded && tooFew.standardError.contains("too few cards"))
  }

  @Test("cards that were made by it: a vector that does not change")
  func vector() async throws {
    // Made with the page's tables: the salt is 0...15, the PIN "kept-by-3-people", the coefficient of octet i is 17 * i + 3.
    let script = """
      import sys; sys.path.insert(0, "\(folder.path)")
      from recover import *
      secret = bytes(range(16)) + b"kept-by-3-people"
      name = hashlib.sha256(b"hsmkey-share-set" + secret).digest()[:8]
      for x in (1, 2, 3):
          share = bytes(s ^ multiply((17 * i + 3) % 256, x) for i, s in enumerate(secret))
          octets = bytes([1, 2, 3, x, len(share)]) + name + share
          octets += hashlib.sha256(octets).digest()[:4]
          bits = "".join(format(o, "08b") for o in octets)
          bits += "0" * (-len(bits) % 20)
          groups = []
          for g in range(len(bits) // 20):
              values = [int(bits[g * 20 + i * 5:g * 20 + i * 5 + 5], 2) for i in range(4)]
              check = (g + 1) % 32
              for v in values + [None]:
                  check = (check << 1 ^ (0b100101 if check & 16 else 0)) & 31
                  if v is not None: check ^= v
              groups.append("".join(ALPHABET[v] for v in values + [check]))
          print(" ".join(groups))
      """
    try folder.write(script.utf8, to: "make.py")
    let made = try await run("python3", [folder.path("make.py")])
    let cards = made.standardOutput.split(separator: "\n").map(String.init)
    try #require(cards.count == 3, "\(made.standardError)")
    #expect(cards == Self.vector)
    for choice in choices(of: 2, from: cards) {
      #expect(try SharedPIN.combine(choice.map { try PINShare(typed: $0) }).clear == "kept-by-3-people")
    }
  }

  @Test("the card that the page shows is one: the first of the vector")
  func example() throws {
    let card = try #require(page.firstMatch(of: /```\n([0-9A-Z \n]+)\n```/)).1
    #expect(card.split(whereSeparator: \.isWhitespace).joined(separator: " ") == Self.vector[0])
    #expect(try PINShare(typed: String(card)).index == 1)
  }

  static let vector = [
    "04104 60904 JPCT2 02XTE ZA1Q2 Y0RN8 4WTM0 6QBFW FP1SH B9XNG RFPZ5 Y3BRB 852KE 4YGAC 02KTH H0ED0 NER88 0VBQM TQ30C 5900P",
    "04104 60H0B JPCT2 02XTE ZA1Q2 Y1H9W 91QRM NDEMD YC1JM RKBAF HZ8F7 22TDH 5MDFR H0XJM HCJ14 GT0QJ WK688 TVJ1A SY34K DK809",
    "04104 60S0E JPCT2 02XTE ZA1Q2 Y19XY DNCW4 VVDX9 H64B6 1R6MW 80R0S 02AYX 14QVC XN6T0 YAQ8W 7H5AS 589Q5 TVTKE NYZKS 9GG0M",
  ]
}
