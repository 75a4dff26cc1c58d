import Foundation
import Testing

@testable import XMLSignature

@Suite struct Base64Tests {
  @Test("What is encoded is what Foundation encodes, and decodes again", arguments: 0...200)
  func roundTrip(count: Int) throws {
    let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ count) }
    let encoded = Base64.encode(octets)
    #expect(encoded == Data(octets).base64EncodedString())
    #expect(Base64.decode(encoded) == octets)
    let wrapped = Base64.encode(octets, lineLength: 76, lineBreak: "\r\n")
    #expect(Base64.decode(wrapped) == octets)
    #expect(wrapped.components(separatedBy: "\r\n").dropLast().allSatisfy { $0.count == 76 })
  }

  @Test("White space may stand anywhere", arguments: ["\tQ U\r\nJD\n", "QUI\n=", "QQ = ="])
  func whiteSpace(text: String) { #expect(Base64.decode(text) != nil) }

  @Test(
    "Nothing else may",
    arguments: [
      "QUJ", "QUJDR", "Q", "=", "====", "QQ=", "QQ===", "QUI==", "QQ==QQ==", "Q=Q=", "QU-_", "QU.D", "QR==", "QUJ=", "QUJD=", "QUJ\u{A0}D",
      "ÄÄÄÄ",
    ])
  func strict(text: String) { #expect(Base64.decode(text) == nil) }
}
