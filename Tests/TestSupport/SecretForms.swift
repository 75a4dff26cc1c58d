public import Foundation

/// Secrets in every form in which they could be written down by mistake: as they are, in base64 (also in the middle of something
/// longer), in hexadecimal, percent-encoded, and in UTF-16.
public struct SecretForms: Sendable {
  private let forms: [(name: String, bytes: Data)]

  public init(_ secrets: [String]) {
    forms = secrets.flatMap { secret -> [(String, Data)] in
      let bytes = Array(secret.utf8)
      let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      let texts = [
        ("hexadecimal", digits.joined()), ("hexadecimal", digits.joined().uppercased()),
        ("hexadecimal with blanks", digits.joined(separator: " ")), ("hexadecimal with colons", digits.joined(separator: ":")),
        ("percent-encoded", digits.map { "%" + $0.uppercased() }.joined()),
      ]
      return [
        ("clear", Data(bytes)), ("UTF-16", Data(bytes.flatMap { [$0, 0] })), ("UTF-16, big endian", Data(bytes.flatMap { [0, $0] })),
      ]
        + texts.map { ($0.0, Data($0.1.utf8)) } + (0..<3).map { ("base64", Self.base64(bytes, after: $0)) }
    }
  }

  /// What of the base64 text is the secret's alone when so many bytes stand before it.
  private static func base64(_ bytes: [UInt8], after count: Int) -> Data {
    let text = Data(repeating: 0, count: count) + bytes
    let first = (count * 8 + 5) / 6
    let end = (count + bytes.count) * 8 / 6
    return Data(text.base64EncodedData()[first..<end])
  }

  /// The form in which a secret is in there, and where; nil when there is none.
  public func found(in data: Data) -> String? {
    for (name, bytes) in forms {
      if let range = data.range(of: bytes) { return "\(name), at byte \(range.lowerBound) of \(data.count)" }
    }
    return nil
  }

  /// The form in which a secret is in there, and where; nil when there is none.
  public func found(in text: String) -> String? { found(in: Data(text.utf8)) }
}
