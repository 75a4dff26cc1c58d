import Foundation
import TestSupport
import Testing

@testable import CertificateLifecycle

@Suite("The table of the life cycle")
struct MachineTests {
  private func reachable(from start: Set<LifecycleState>) -> Set<LifecycleState> {
    var seen = start
    while true {
      let next = LifecycleMachine.transitions.filter { seen.contains($0.from) }.map(\.to)
      guard !seen.isSuperset(of: next) else { return seen }
      seen.formUnion(next)
    }
  }

  @Test("Every state and every event has its place, and no arrow stands there twice")
  func complete() {
    #expect(reachable(from: [.nothing]) == Set(LifecycleState.allCases))
    let events = Set(LifecycleMachine.transitions.map(\.event)).union([.takenOver])
    #expect(events == Set(LifecycleMachine.Event.allCases))
    #expect(Set(LifecycleMachine.transitions).count == LifecycleMachine.transitions.count)
  }

  @Test("From every state but that of a retired certificate there is a way to a certificate in use")
  func noDeadEnd() {
    for state in LifecycleState.allCases where state != .retired { #expect(reachable(from: [state]).contains(.active), "\(state)") }
  }

  @Test("LIFECYCLE-NOT-REPEATED: what may have left leads to a second request only through *uncertain*")
  func notRepeated() {
    // A proof can come whatever is on its way meanwhile, and leaves it where it is.
    let transitions = LifecycleMachine.transitions.filter { $0.event != .proved || $0.from != $0.to }
    for state in [LifecycleState.aboutToSend, .sent, .retrievalIDKnown, .received, .checked] {
      let next = Set(transitions.filter { $0.from == state }.map(\.to))
      #expect(!next.contains(.aboutToSend) && !next.contains(.planned) && !next.contains(.keyMade), "\(state)")
    }
    #expect(transitions.filter { $0.to == .aboutToSend }.map(\.from) == [.requestMade, .refused, .uncertain])
  }

  @Test("Every act has its state on disk, and a state that only the running process knows is none of them")
  func acts() {
    #expect(Set(LifecycleMachine.acts.map(\.needsOnDisk)).count == LifecycleMachine.acts.count, "one act a state")
    #expect(!LifecycleMachine.acts.map(\.needsOnDisk).contains(.sent))
  }

  @Test("LIFECYCLE-TRANSITION: a step that the table does not have is not saved, and the state before is kept, the history too")
  func unknownStep() throws {
    let folder = try TemporaryFolder()
    let store = try LifecycleStore(path: folder.path("state"))
    var record = CertificateRecord(name: "payroll", customerID: "1", environment: "test")
    record.pending = PendingOperation(kind: .enrolment, keyName: "k", startedAt: Date(timeIntervalSince1970: 0))
    try store.commit(record, .keyNamed, at: Date())
    let saved = record
    for stage in [LifecycleState.requestMade, .aboutToSend, .retrievalIDKnown, .received, .checked, .stored, .active] {
      record.pending?.stage = stage
      let error = try #require(#expect(throws: LifecycleError.self) { try store.commit(record, .keyMade, at: Date()) })
      #expect(error.rule == .transition)
      #expect(error.code == .fault)
    }
    #expect(try store.record(named: "payroll") == saved)
    #expect(try store.history(of: "payroll").map(\.event) == ["key-named"])
  }
}

@Suite("What comes next")
struct DecisionTests {
  private static let now = Date(timeIntervalSince1970: 1_795_000_000)

  /// The stages of what is pending, with the step that each is the preparation of, for a run that has checked the certificate itself.
  private static let steps: [(LifecycleState, LifecycleDecision.Step)] = [
    (.planned, .makeKey), (.keyMade, .makeRequest), (.requestMade, .send), (.aboutToSend, .noteUnknownOutcome), (.uncertain, .send),
    (.retrievalIDKnown, .ask), (.received, .check), (.checked, .store), (.stored, .writeFile), (.active, .tellUsers),
  ]

  private func next(
    _ goal: LifecycleDecision.Goal, _ kind: PendingOperation.Kind, _ stage: LifecycleState, active: InstalledCertificate?,
    mayRepeat: Bool = false, hasChecked: Bool = true
  ) throws -> LifecycleDecision.Step? {
    var record = CertificateRecord(name: "payroll", customerID: "1", environment: "test")
    record.active = active
    record.pending = PendingOperation(kind: kind, keyName: "k", startedAt: Self.now)
    record.pending?.stage = stage
    var course = LifecycleDecision.Course(record)
    if hasChecked { course.passedChecks() }
    let decision = LifecycleDecision(
      goal: goal, record: record, course: course, mayRepeat: mayRepeat, algorithm: "rsa-2048", now: Self.now, operation: "test")
    guard case .perform(let step) = try decision.next() else { return nil }
    return step
  }

  @Test("An enrolment goes on with the act that its stage is the preparation of")
  func enrolment() throws {
    for (stage, step) in Self.steps { #expect(try next(.enrol, .enrolment, stage, active: nil) == step, "\(stage)") }
  }

  @Test("What an earlier run has checked is checked again before it is stored")
  func checkedBefore() throws {
    for (goal, kind) in [(LifecycleDecision.Goal.enrol, PendingOperation.Kind.enrolment), (.fetch, .renewal), (.fetch, .import)] {
      #expect(try next(goal, kind, .checked, active: nil, hasChecked: false) == .check)
    }
  }

  @Test("LIFECYCLE-NOT-REPEATED: a renewal goes on in the same way, but is sent again after an unknown outcome only if it may be")
  func renewal() async throws {
    try await LifecycleBench.with { bench in
      let active = try await bench.install()
      for (stage, step) in Self.steps where stage != .uncertain {
        #expect(try next(.renew, .renewal, stage, active: active) == step, "\(stage)")
      }
      #expect(try next(.renew, .renewal, .uncertain, active: active, mayRepeat: true) == .send)
      let error = try #require(
        #expect(throws: LifecycleError.self) { try next(.renew, .renewal, .uncertain, active: active) })
      #expect(error.rule == .notRepeated)
    }
  }

  @Test("LIFECYCLE-NOT-REPEATED: fetching sends nothing, whatever the stage and whatever may be repeated")
  func fetching() throws {
    for kind in [PendingOperation.Kind.enrolment, .renewal, .import] {
      for (stage, step) in Self.steps {
        let decided = try? next(.fetch, kind, stage, active: nil, mayRepeat: true)
        #expect(decided == (step == .makeKey || step == .makeRequest || step == .send ? nil : step), "\(kind) \(stage)")
      }
    }
  }

  @Test("A stage of a later version is refused, and nothing is done")
  func unknownStage() throws {
    let error = try #require(
      #expect(throws: LifecycleError.self) { try next(.enrol, .enrolment, LifecycleState(rawValue: "new"), active: nil) })
    #expect(error.code == .stateUnusable)
  }
}
