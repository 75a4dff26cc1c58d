import Secrets
import Testing

@Suite("A secret in memory")
struct SecretBytesTests {
  @Test("lends the bytes it was given")
  func lends() {
    let secret = SecretBytes(copying: [1, 2, 3])
    #expect(secret.count == 3)
    secret.withBytes { bytes in
      #expect(bytes.count == 3)
      #expect(bytes[0] == 1 && bytes[1] == 2 && bytes[2] == 3)
    }
  }

  @Test("leaves an empty array behind when it consumes one")
  func consumes() {
    var bytes: [UInt8] = Array("correct horse".utf8)
    let secret = SecretBytes(consuming: &bytes)
    #expect(bytes.isEmpty)
    #expect(secret.count == 13)
  }

  @Test("may be empty, and may be larger than a page", arguments: [0, 1, 4095, 4096, 4097, 10_000])
  func sizes(count: Int) {
    let expected = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    let secret = SecretBytes(copying: expected)
    #expect(secret.count == count)
    let same = secret.withBytes { bytes in bytes.indices.allSatisfy { bytes[$0] == expected[$0] } }
    #expect(same)
  }

  @Test(
    "equals another with the same bytes only",
    arguments: [("1234", "1234", true), ("1234", "1235", false), ("1234", "123", false), ("", "", true)])
  func equality(one: String, other: String, same: Bool) {
    let first = SecretBytes(copying: Array(one.utf8))
    let second = SecretBytes(copying: Array(other.utf8))
    let isEqual = first.isEqual(to: second)
    #expect(isEqual == same)
  }

  @Test("passes on the error of the closure that writes or reads it")
  func errors() {
    struct Refused: Error {}
    #expect(throws: Refused.self) { _ = try SecretBytes(capacity: 4) { (_: inout OutputSpan<UInt8>) throws(Refused) in throw Refused() } }
    #expect(throws: Refused.self) {
      let secret = SecretBytes(copying: [1])
      try secret.withBytes { (_: Span<UInt8>) throws(Refused) in throw Refused() }
    }
  }
}
