import KeyEvidence
import Testing

@Suite("Texts of evidence")
struct EvidenceTextTests {
  @Test("hexadecimal there and back; nothing but whole bytes in lower case is read")
  func hexadecimal() {
    let bytes = Array(UInt8.min ... .max)
    #expect(EvidenceText.bytes(hexadecimal: EvidenceText.hexadecimal(bytes)) == bytes)
    #expect(EvidenceText.hexadecimal([0, 10, 255]) == "000aff" && EvidenceText.bytes(hexadecimal: "") == [])
    for text in ["0", "0A", "0g", "+1", " 1", "é"] { #expect(EvidenceText.bytes(hexadecimal: text) == nil, "\(text)") }
  }
}
