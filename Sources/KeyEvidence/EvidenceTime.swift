package import Foundation

/// Points in time as documents have them: RFC 3339, UTC, whole seconds: `2026-01-02T03:04:05Z`.
package enum EvidenceTime {
  /// The text of a point in time; parts of a second are left out.
  package static func text(_ date: Date) -> String {
    Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down)).ISO8601Format()
  }

  /// The point in time that a text is; nil unless it is written as ``text(_:)`` writes it.
  package static func date(_ text: String) -> Date? {
    guard text.utf8.count == 20, let date = try? Date(text, strategy: .iso8601), Self.text(date) == text else { return nil }
    return date
  }
}
