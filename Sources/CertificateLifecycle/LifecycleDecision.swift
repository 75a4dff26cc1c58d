import Foundation
import X509

/// What happens next, given what somebody wants, the record, the time and what this run has done: the next step, the end, or a refusal.
///
/// Pure: it reads nothing and changes nothing. ``CertificateLifecycle`` asks, performs the step, and asks again with the record that the
/// step has saved. So a run that was cut off anywhere goes on where its last save left it.
struct LifecycleDecision {
  /// What somebody wants.
  enum Goal: Sendable { case enrol, renew, fetch }

  /// What the machine can do; each saves before and after, as ``LifecycleMachine/acts`` says.
  enum Step: Sendable {
    case nameKey, makeKey, makeRequest, noteUnknownOutcome, turnIntoEnrolment, send, ask, check, store, writeFile, tellUsers
  }

  enum Next: Sendable {
    case perform(Step)
    case conclude(InstalledCertificate)
  }

  /// What a run knows beside the record.
  struct Course: Sendable {
    /// What was pending when the run began, if that was installed already: only its file or its program was missing.
    private(set) var leftOver: PendingOperation?
    /// Whether this run has told the users, with success or without.
    var hasToldUsers = false
    /// Whether this run has held the certificate that is pending against every rule. What an earlier run found may be true no more: the
    /// certificate may have been revoked since, or have expired.
    private(set) var hasChecked = false

    init(_ record: CertificateRecord) {
      leftOver = record.pending.flatMap { $0.stage == .stored || $0.waitsForUsersOnly ? $0 : nil }
    }

    /// This run has installed a certificate of its own, of which the users have not heard.
    mutating func hasInstalled() {
      leftOver = nil
      hasToldUsers = false
      hasChecked = false
    }

    /// This run has checked the certificate, which has passed.
    mutating func passedChecks() { hasChecked = true }
  }

  let goal: Goal
  /// Whether an enrolment may begin although there is a certificate that is valid: its key may be lost.
  var isAnew = false
  let record: CertificateRecord
  let course: Course
  /// Whether a renewal with an unknown outcome may be sent again.
  let mayRepeat: Bool
  /// The kind of key that the configuration asks for.
  let algorithm: String
  let now: Date
  let operation: String

  func next() throws -> Next {
    // What is installed comes first, whatever is wanted: its file and its program.
    if let pending = record.pending {
      if pending.stage == .stored { return .perform(.writeFile) }
      if pending.waitsForUsersOnly, !course.hasToldUsers { return .perform(.tellUsers) }
    }
    if course.hasToldUsers, course.leftOver == nil { return .conclude(try active()) }
    return switch goal {
    case .enrol: try enrol()
    case .renew: try renew()
    case .fetch: try fetch()
    }
  }

  // MARK: The three goals

  private func enrol() throws -> Next {
    let expiry = try record.active?.certificate().notValidAfter
    let isExpired = expiry.map { now >= $0 } ?? true
    if !isExpired, let expiry {
      if !isAnew, course.hasToldUsers, course.leftOver?.kind != .renewal { return .conclude(try active()) }
      if pending == nil, !isAnew {
        throw LifecycleError(
          .ruleRefused, rule: .alreadyEnrolled, operation: operation,
          message: "there is a certificate already, valid until \(expiry.ISO8601Format())",
          hint: "renew it within its window with: hsmkey certificate renew \(record.name); where its key is lost, a new one is had with: "
            + "hsmkey certificate enrol \(record.name) --even-if-enrolled --transfer-id ID")
      }
    }
    guard let pending else { return .perform(.nameKey) }
    if isExpired, record.active != nil, pending.kind == .renewal, pending.isUnsent || pending.isUncertain {
      return .perform(pending.stage == .aboutToSend ? .noteUnknownOutcome : .turnIntoEnrolment)
    }
    try refuseOther(than: .enrolment, pending)
    return try goOn(pending)
  }

  private func renew() throws -> Next {
    let window = try RenewalWindow(of: active().certificate())
    if course.hasToldUsers, let leftOver = course.leftOver {
      let isDone = now < window.opens || (record.pending == nil && now < window.closes)
      if leftOver.kind == .renewal, isDone { return .conclude(try active()) }
      try window.check(at: now, name: record.name, operation: operation)
    }
    guard let pending else {
      try window.check(at: now, name: record.name, operation: operation)
      return .perform(.nameKey)
    }
    try refuseOther(than: .renewal, pending)
    if pending.stage == .aboutToSend { return .perform(.noteUnknownOutcome) }
    if pending.isUnsent || pending.isUncertain { try window.check(at: now, name: record.name, operation: operation) }
    if pending.isUncertain, !mayRepeat { throw LifecycleError.uncertain(record, operation: operation) }
    return try goOn(pending)
  }

  private func fetch() throws -> Next {
    if course.hasToldUsers { return .conclude(try active()) }
    guard let pending else {
      throw LifecycleError(.nothingToDo, operation: operation, message: "nothing is pending for this certificate")
    }
    if pending.stage == .aboutToSend { return .perform(.noteUnknownOutcome) }
    if pending.isUncertain {
      // A retrieval id that a person gave is tried; it does not make the outcome known before a certificate has come.
      if pending.retrievalID != nil { return .perform(.ask) }
      throw LifecycleError.uncertain(record, operation: operation)
    }
    guard !pending.isUnsent else {
      throw LifecycleError(
        .nothingToDo, operation: operation, message: "the request has not been sent yet",
        hint: "go on with: hsmkey certificate \(pending.nextCommand) \(record.name)")
    }
    return try goOn(pending)
  }

  // MARK: What they share

  /// The act that the stage on disk is the preparation of.
  private func goOn(_ pending: PendingOperation) throws -> Next {
    if pending.isUnsent, let made = pending.algorithm, made != algorithm { return .perform(.nameKey) }
    return switch pending.stage {
    case .planned: .perform(.makeKey)
    case .keyMade: .perform(.makeRequest)
    case .requestMade, .uncertain: .perform(.send)
    case .aboutToSend: .perform(.noteUnknownOutcome)
    case .retrievalIDKnown: .perform(.ask)
    case .received: .perform(.check)
    case .checked: .perform(course.hasChecked ? .store : .check)
    default:
      throw LifecycleError(
        .stateUnusable, operation: operation, message: "the state knows a stage that this program does not: \(pending.stage)")
    }
  }

  /// What is pending, unless only the program that hears of a change is missing and this run has tried it: that must not keep the next
  /// certificate from being requested, since the program hears of that one.
  private var pending: PendingOperation? {
    record.pending.flatMap { $0.waitsForUsersOnly && course.hasToldUsers ? nil : $0 }
  }

  private func active() throws(LifecycleError) -> InstalledCertificate {
    if let active = record.active { return active }
    throw goal == .renew
      ? LifecycleError(
        .nothingToDo, operation: operation, message: "there is no certificate to renew",
        hint: "get the first one with: hsmkey certificate enrol \(record.name)")
      : LifecycleError(.stateUnusable, operation: operation, message: "the state says that a certificate was installed, and holds none")
  }

  /// One operation at a time.
  private func refuseOther(than kind: PendingOperation.Kind, _ pending: PendingOperation) throws(LifecycleError) {
    guard pending.kind != kind else { return }
    throw LifecycleError.otherPending(pending, of: record, operation: operation)
  }
}
