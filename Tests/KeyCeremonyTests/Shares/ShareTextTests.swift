import KeyCeremony
import Secrets
import Testing

@Suite("Cards of shares: what is typed wrong is found, and never told")
struct ShareTextTests {
  private let share: PINShare
  private let groups: [String]

  init() throws {
    share = try SharedPIN.split(GeneratedPIN.make(length: 16, alphabet: .lettersAndDigits), threshold: 2, count: 3)[1]
    groups = share.card.split(whereSeparator: \.isWhitespace).map(String.init)
  }

  private func refusal(_ text: String) -> CeremonyError? {
    do throws(CeremonyError) {
      _ = try PINShare(typed: text)
      return nil
    } catch {
      return error
    }
  }

  @Test("a PIN of 16 characters is 20 groups of five, four lines of five")
  func form() {
    #expect(groups.count == 20 && groups.allSatisfy { $0.count == 5 })
    #expect(share.card.split(separator: "\n").map { $0.split(separator: " ").count } == [5, 5, 5, 5])
    #expect(share.text(groupsPerLine: 100).clear == groups.joined(separator: " "))
    #expect(Card.write(Card.octets(of: share.card)) == groups.joined(separator: " "))
    #expect(Card.octets(of: share.card).prefix(5) == [1, 2, 3, 2, 32])
  }

  @Test("it is read in small letters, with O, I and L, in one piece, with hyphens")
  func leniency() throws {
    let whole: String = groups.joined()
    let pairs: [String] = stride(from: 0, to: 20, by: 2).map { groups[$0] + groups[$0 + 1] }
    let hyphens: String = groups.joined(separator: "-")
    let texts: [String] = [
      whole, whole.lowercased(), groups.joined(separator: "  "), "\n" + hyphens + " \r\n", pairs.joined(separator: " "),
      hyphens.replacing("0", with: "o").replacing("1", with: "l"), hyphens.replacing("0", with: "O").replacing("1", with: "I"),
      groups.joined(separator: ",\t").replacing("1", with: "i").replacing("1", with: "L"),
    ]
    for text in texts {
      #expect(try PINShare(typed: text).sha256 == share.sha256)
    }
  }

  @Test("each single wrong character is found, and its group named: CEREMONY-SHARE-GENUINE")
  func substitutions() {
    for (number, group) in groups.enumerated() {
      for place in 0..<5 {
        for wrong in Card.alphabet where wrong != Array(group)[place] {
          var characters = Array(group)
          characters[place] = wrong
          var typed = groups
          typed[number] = String(characters)
          let error = refusal(typed.joined(separator: " "))
          #expect(error?.rule == .shareGenuine && error?.message == "there is a mistake in group \(number + 1)")
        }
      }
    }
  }

  @Test("two characters of a group exchanged, two groups exchanged, a group twice or left out")
  func exchanges() {
    for (number, group) in groups.enumerated() {
      for first in 0..<4 {
        for second in first + 1..<5 {
          var characters = Array(group)
          guard characters[first] != characters[second] else { continue }
          characters.swapAt(first, second)
          var typed = groups
          typed[number] = String(characters)
          #expect(refusal(typed.joined(separator: " "))?.message == "there is a mistake in group \(number + 1)")
        }
      }
      for other in number + 1..<groups.count {
        var typed = groups
        typed.swapAt(number, other)
        #expect(refusal(typed.joined(separator: " "))?.message == "there are mistakes in the groups \(number + 1), \(other + 1)")
      }
      var typed = groups
      typed.remove(at: number)
      #expect(refusal(typed.joined(separator: " "))?.rule == .shareGenuine)
      #expect(refusal(typed.joined())?.rule == .shareGenuine)
      typed = groups
      typed.insert(group, at: number)
      #expect(refusal(typed.joined(separator: " "))?.rule == .shareGenuine)
    }
    #expect(refusal(groups.dropFirst(3).joined(separator: " "))?.message.hasPrefix("from group 1 on nothing fits") == true)
    #expect(refusal(groups.dropLast().joined(separator: " "))?.message == "there are 19 groups, and this card has 20")
    #expect(refusal(groups.prefix(4).joined(separator: " "))?.message == "there are 4 groups, and a card has more")
    #expect(refusal(groups[0])?.message == "there is 1 group, and a card has more")
  }

  @Test("a character too few or too many is told with its group where groups were typed")
  func lengths() {
    for number in groups.indices {
      var typed = groups
      typed[number].removeLast()
      #expect(refusal(typed.joined(separator: " "))?.message == "group \(number + 1) has 4 characters, and a group has 5")
      #expect(refusal(typed.joined())?.rule == .shareGenuine)
      typed[number] += "77"
      #expect(refusal(typed.joined(separator: "-"))?.message == "group \(number + 1) has 6 characters, and a group has 5")
    }
    // Not a random card: one group in 32 would fit by chance.
    var typed = ShareRecoveryTests.vector[0].split(separator: " ").map(String.init)
    typed[6].removeFirst()
    #expect(refusal(typed.joined())?.message.hasPrefix("from group 7 on nothing fits") == true)
  }

  @Test("what is no card: nothing, other characters, too much", arguments: ["", " - ", "hello world", "ÄÖ", "UUUUU", "A B", "\u{0}"])
  func others(text: String) { #expect(refusal(text)?.rule == .shareGenuine) }

  @Test("another version, numbers that cannot be, bits in the last group: each by itself")
  func numbers() {
    let octets = Card.octets(of: share.card)
    #expect(refusal(String(repeating: "0", count: 2000))?.message == "it is longer than any card")
    #expect(refusal(Card.write(octets, changing: 0, to: 2))?.message.contains("version 2") == true)
    for (place, value) in [(1, 0), (1, 1), (1, 4), (2, 0), (2, 1), (3, 0), (3, 4)] as [(Int, UInt8)] {
      #expect(
        refusal(Card.write(octets, changing: place, to: value))?.message == "its numbers are not those of a share", "\(place) \(value)")
    }
    #expect(refusal(Card.write(octets, changing: 4, to: 34))?.message.contains("this card has") == true)
    // A PIN of five characters is none.
    var short = octets
    short.removeSubrange(13..<24)
    short[4] = 21
    #expect(refusal(Card.write(short))?.message == "its numbers are not those of a share")
    // A checksum of something else, with check characters that are right.
    let unchecked = Card.write(octets + [0, 0, 0, 0], changing: nil)
    #expect(refusal(unchecked)?.rule == .shareGenuine)
  }

  @Test("no refusal has a word of what was typed")
  func secrecy() {
    for number in groups.indices {
      var typed = groups
      typed[number] = String(groups[number].dropLast()) + (groups[number].last == "7" ? "8" : "7")
      let error = refusal(typed.joined(separator: " "))
      let text = "\(error.map { "\($0) \($0.hint ?? "")" } ?? "")"
      #expect(!text.isEmpty && typed.allSatisfy { !text.contains($0) })
    }
  }
}
