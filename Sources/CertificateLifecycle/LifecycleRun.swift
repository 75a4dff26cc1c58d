import CertificateService
import Foundation
import X509

/// One run for one certificate: the record as it was last saved, and what this run has done. ``LifecycleDecision`` says what comes next.
struct LifecycleRun: Sendable {
  let lifecycle: CertificateLifecycle
  let plan: CertificatePlan
  let goal: LifecycleDecision.Goal
  let operation: String
  /// Whether a renewal with an unknown outcome may be sent again.
  var mayRepeat = false
  /// Whether an enrolment may begin although there is a certificate that is valid.
  var isAnew = false
  /// Asked for when a request is about to be sent that needs them.
  var credentials: (@Sendable () async throws -> TransferCredentials)?
  /// As it was last saved.
  var record: CertificateRecord
  /// The name for a key that this run has found free and put down, until it makes the key.
  var freshName: String?
  var course: LifecycleDecision.Course

  init(
    _ lifecycle: CertificateLifecycle, _ plan: CertificatePlan, _ goal: LifecycleDecision.Goal, operation: String, record: CertificateRecord
  ) {
    self.lifecycle = lifecycle
    self.plan = plan
    self.goal = goal
    self.operation = operation
    self.record = record
    course = .init(record)
  }

  /// Performs one step after the other until the certificate is installed, or something refuses.
  mutating func toItsEnd() async throws -> InstalledCertificate {
    while true {
      let decision = LifecycleDecision(
        goal: goal, isAnew: isAnew, record: record, course: course, mayRepeat: mayRepeat, algorithm: plan.algorithm, now: now,
        operation: operation)
      switch try decision.next() {
      case .conclude(let installed): return installed
      case .perform(let step): try await perform(step)
      }
    }
  }

  private mutating func perform(_ step: LifecycleDecision.Step) async throws {
    switch step {
    case .nameKey: try await nameKey()
    case .makeKey: try await makeKey()
    case .makeRequest: try await makeRequest()
    case .noteUnknownOutcome: try save(.outcomeUnknown) { $0.stage = .uncertain }
    case .turnIntoEnrolment: try turnIntoEnrolment()
    case .send: try await send()
    case .ask: try await ask()
    case .check:
      try await check()
      course.passedChecks()
    case .store:
      try await store()
      course.hasInstalled()
    case .writeFile: try writeFile()
    case .tellUsers:
      try await tellUsers()
      course.hasToldUsers = true
    }
  }

  var now: Date { lifecycle.now() }

  func say(_ text: String) { lifecycle.say(plan.name, text) }

  /// Changes the record in memory and on the disk, or not at all.
  mutating func save(
    _ event: LifecycleMachine.Event, detail: [String: String] = [:], record change: (inout CertificateRecord) -> Void
  ) throws {
    var changed = record
    change(&changed)
    try lifecycle.store.commit(changed, event, detail: detail, at: now)
    record = changed
  }

  /// The same for what is pending.
  mutating func save(
    _ event: LifecycleMachine.Event, detail: [String: String] = [:], _ change: (inout PendingOperation) -> Void
  ) throws {
    guard var pending = record.pending else { throw unusable("the state says that something is pending, and holds nothing") }
    change(&pending)
    try save(event, detail: detail, record: { $0.pending = pending })
  }

  func pending() throws -> PendingOperation {
    guard let pending = record.pending else { throw unusable("the state says that something is pending, and holds nothing") }
    return pending
  }

  func unusable(_ message: String) -> LifecycleError { LifecycleError(.stateUnusable, operation: operation, message: message) }
}
