import CertificateLifecycle
import Foundation

/// A state in words for people.
enum StateWords {
  static func describe(_ state: LifecycleState, _ summary: CertificateSummary?, at time: Date) -> String {
    let words = words(state, summary)
    guard state == .active || state == .overlap, let opens = summary?.windowOpens, time >= opens else { return words }
    guard let due = summary?.dueAt, time < due else { return "\(words), renewal due" }
    return "\(words), renewal from \(due.formatted(.iso8601.year().month().day()))"
  }

  private static func words(_ state: LifecycleState, _ summary: CertificateSummary?) -> String {
    let kind = summary?.pendingKind?.rawValue ?? "request"
    switch state {
    case .nothing: return "no certificate"
    case .planned, .keyMade, .requestMade: return "\(kind) begun, nothing sent yet"
    case .aboutToSend, .sent: return "\(kind) being sent"
    case .uncertain: return "\(kind) uncertain: sent, no trustworthy answer known"
    case .retrievalIDKnown: return "\(kind) sent, certificate not fetched yet"
    case .received, .checked: return "\(kind) answered, certificate not installed yet"
    case .stored: return "\(kind) installed, certificate file not written yet"
    case .refused:
      let codes = summary?.refusalCodes ?? []
      return "\(kind) refused by the service" + (codes.isEmpty ? "" : " (\(codes.joined(separator: ", ")))")
    case .active, .overlap:
      if summary?.hookPending == true { return "active, the after-change program has not succeeded yet" }
      return state == .active ? "active" : "active, earlier one kept"
    default: return state.rawValue
    }
  }
}

extension Int {
  /// `1 day`, `2 days`
  var days: String { self == 1 ? "1 day" : "\(self) days" }
}
