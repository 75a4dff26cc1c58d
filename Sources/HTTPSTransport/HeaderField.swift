/// One field of a request's header (RFC 9110, section 5).
struct HeaderField: Sendable {
  let name: String
  let value: String

  /// The line as libcurl takes it; a field without a value is marked by a semicolon there.
  var line: String { value.isEmpty ? "\(name);" : "\(name): \(value)" }

  /// Refuses what would break out of its line.
  func check(_ operation: String) throws(HTTPSTransportError) {
    guard !name.isEmpty, name.utf8.allSatisfy({ Self.isTokenCharacter($0) }) else {
      throw HTTPSTransportError(.header, operation, "a header field's name has a character that is not allowed")
    }
    guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
      throw HTTPSTransportError(.header, operation, "the value of the header field \(name) has a control character")
    }
  }

  /// Refuses, in addition, what the transport answers for itself.
  func checkAllowed(_ operation: String) throws(HTTPSTransportError) {
    try check(operation)
    guard !Self.ours.contains(name.lowercased()) else {
      throw HTTPSTransportError(.header, operation, "the header field \(name) is set by the transport itself")
    }
  }

  private static let ours: Set = [
    "host", "content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade", "user-agent",
  ]

  private static func isTokenCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
