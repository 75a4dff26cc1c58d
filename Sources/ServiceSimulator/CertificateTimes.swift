import Foundation
import SwiftASN1

/// Dates as certificates and CRLs carry them: whole seconds, UTC.
enum CertificateTimes {
  /// The second that the date lies in. Rounding up would make a new certificate valid only from the next second on.
  static func wholeSecond(_ date: Date) -> Date {
    Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
  }

  static func generalized(_ date: Date) throws -> GeneralizedTime {
    let parts = components(date)
    return try GeneralizedTime(
      year: parts.year, month: parts.month, day: parts.day, hours: parts.hour, minutes: parts.minute, seconds: parts.second,
      fractionalSeconds: 0)
  }

  /// Serializes a `Time` as RFC 5280 (4.1.2.5) demands: UTCTime through 2049.
  static func serialize(_ date: Date, into coder: inout DER.Serializer) throws {
    let parts = components(date)
    if (1950..<2050).contains(parts.year) {
      try coder.serialize(
        UTCTime(
          year: parts.year, month: parts.month, day: parts.day, hours: parts.hour, minutes: parts.minute, seconds: parts.second))
    } else {
      try coder.serialize(generalized(date))
    }
  }

  private static func components(_ date: Date) -> (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: wholeSecond(date))
    return (
      parts.year ?? 1970, parts.month ?? 1, parts.day ?? 1, parts.hour ?? 0, parts.minute ?? 0, parts.second ?? 0
    )
  }
}

extension Date {
  func adding(days: Int) -> Date { addingTimeInterval(Double(days) * 86_400) }
}
