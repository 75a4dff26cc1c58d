import Foundation

/// Spans and points of time as people write them on a command line or in a control file.
enum TimeText {
  /// The last second that certificates of the simulator are made for.
  static let latest = Date(timeIntervalSince1970: 7_258_118_399)  // 2199-12-31T23:59:59Z

  private static let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]

  /// Seconds, from `90s`, `5m`, `12h`, `30d`, or several in a row: `1d12h`. Nothing for any other text.
  static func span(_ text: some StringProtocol) -> TimeInterval? {
    var rest = text[...]
    var seconds = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
      guard digits.count <= 9, let number = Double(digits), let unit = rest.dropFirst(digits.count).first.flatMap({ units[$0] }) else {
        return nil
      }
      seconds += number * unit
      rest = rest.dropFirst(digits.count + 1)
    }
    return seconds
  }

  /// A span as ``span(_:)`` reads it, in its largest units, without a sign.
  static func text(_ span: TimeInterval) -> String {
    var rest = Int(span.magnitude.rounded())
    var text = ""
    for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] where rest >= size {
      text += "\(rest / size)\(unit)"
      rest %= size
    }
    return text.isEmpty ? "0s" : text
  }

  /// A point of time from `2027-01-31T12:00:00Z` or `2027-01-31` (its first second, UTC), from 1970 to 2199.
  static func point(_ text: some StringProtocol) -> Date? {
    let style = Date.ISO8601FormatStyle()
    let whole = text.utf8.count == 10 ? "\(text)T00:00:00Z" : String(text)
    guard whole.wholeMatch(of: /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/) != nil, let date = try? style.parse(whole) else { return nil }
    return (Date(timeIntervalSince1970: 0)...latest).contains(date) ? date : nil
  }

  /// `2027-01-31T12:00:00Z`
  static func text(_ date: Date) -> String { date.formatted(.iso8601) }
}
