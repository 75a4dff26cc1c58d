public import Foundation
import X509

/// What decides where a certificate stands: what its record says, or the columns of the state file, without decoding the certificate.
struct CertificateStanding: Sendable, Hashable {
  let name: String
  /// How far what is pending has come; nil when nothing is.
  var stage: LifecycleState?
  var kind: PendingOperation.Kind?
  var pendingSince: Date?
  /// The codes of the last signed FAIL, where nothing came after it.
  var refusalCodes: [String]?
  /// Whether a certificate is in use.
  var hasActive = false
  var notBefore: Date?
  var notAfter: Date?
  var serial: String?
  var previousCount = 0
  /// The serial number of the oldest certificate that is not retired.
  var previousSerial: String?
  var retiring: String?

  var window: RenewalWindow? { notAfter.map { RenewalWindow(closes: $0) } }

  /// Whether only the program that hears of the change is missing.
  var hookPending: Bool { stage == .active }

  func state(at time: Date) -> LifecycleState {
    let isExpired = notAfter.map { time >= $0 } ?? false
    if let stage, stage != .active {
      if isExpired, kind == .renewal, isUnsent { return .expired }
      return refusalCodes == nil ? stage : .refused
    }
    guard hasActive else { return .nothing }
    return isExpired ? .expired : previousCount > 0 ? .overlap : .active
  }

  private var isUnsent: Bool { stage == .planned || stage == .keyMade || stage == .requestMade }

  /// Whether a renewal was sent, or may have been.
  var renewalIsUnderWay: Bool { kind == .renewal && !isUnsent }

  /// From when on a timer works on it: a renewal that was sent at once, one that was not from the opening of the window on, any other
  /// certificate by the schedule.
  func due(_ schedule: RenewalSchedule) -> Date? {
    if kind == .renewal { return isUnsent ? window?.opens ?? pendingSince : pendingSince }
    return window.map { schedule.due($0, name: name) }
  }

  /// What a person does next, as a sentence or a command.
  func nextStep(at time: Date) -> String {
    let begun = kind == .renewal ? "hsmkey certificate renew \(name)" : "hsmkey certificate enrol \(name)"
    let fetch = "hsmkey certificate fetch \(name)"
    let order = "order a new one in the agency's e-service, then: hsmkey certificate enrol \(name) --transfer-id ID"
    switch state(at: time) {
    case .nothing: return "order one in the agency's e-service, then: hsmkey certificate enrol \(name) --transfer-id ID"
    case .expired: return order
    case .planned, .keyMade, .requestMade: return kind == .renewal ? waiting(time) ?? begun : begun + " --transfer-id ID"
    case .aboutToSend: return "wait for the run that is sending it; where there is none: \(begun), which says how to go on"
    case .uncertain: return "\(begun), which says how to go on"
    case .refused:
      let said = "see what the service said with: hsmkey certificate history \(name)"
      guard isUnsent else { return "\(said); ask again with: \(fetch), or drop it with: hsmkey certificate abandon \(name)" }
      return kind == .renewal ? "\(said); then: \(waiting(time) ?? begun)" : "\(said); then: \(begun) --transfer-id ID"
    case .retrievalIDKnown, .received, .checked, .stored: return fetch
    default:
      if hookPending { return "\(fetch), which runs the after-change program again" }
      if let retiring { return "hsmkey certificate retire \(name) --serial \(retiring), which goes on" }
      guard let waiting = waiting(time) else { return "hsmkey certificate renew \(name)" }
      guard let previousSerial else { return waiting }
      return "when every consumer accepts the new one: hsmkey certificate retire \(name) --serial \(previousSerial)"
    }
  }

  /// What to do until the window opens; nil from then on.
  private func waiting(_ time: Date) -> String? {
    guard let window else { return nil }
    return time < window.opens ? "none until \(window.opens.formatted(.iso8601.year().month().day()))" : nil
  }
}

extension CertificateStanding {
  init(_ record: CertificateRecord) {
    name = record.name
    stage = record.pending?.stage
    kind = record.pending?.kind
    pendingSince = record.pending?.startedAt
    refusalCodes = record.pending?.refusal?.codes.map(\.code)
    hasActive = record.active != nil
    if let certificate = try? record.active?.certificate() {
      notBefore = certificate.notValidBefore
      notAfter = certificate.notValidAfter
      serial = DigestText.hexadecimal(certificate.serialNumber.bytes)
    }
    previousCount = record.previous.count
    previousSerial = record.previous.last.flatMap { try? $0.serial() }
    retiring = record.retiring
  }
}

extension CertificateRecord {
  /// Where the certificate stands.
  public func state(at time: Date) -> LifecycleState { CertificateStanding(self).state(at: time) }

  /// What a person does next: a sentence or a command.
  public func nextStep(at time: Date) -> String { CertificateStanding(self).nextStep(at: time) }
}
