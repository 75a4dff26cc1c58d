import CertificateService
import Foundation
import ServiceSimulator
import TestSupport
import Testing

@testable import CertificateLifecycle

@Suite("Certificates at a glance")
struct SummaryTests {
  @Test("The columns say what the records say, in every stage, before and after the expiry")
  func columns() async throws {
    try await LifecycleBench.with { bench in
      let active = try await bench.install()
      let store = try bench.store()
      for (index, stage) in LifecycleState.allCases.enumerated() {
        for (number, kind) in [PendingOperation.Kind.enrolment, .renewal, .import].enumerated() {
          var record = CertificateRecord(name: "c\(index)-\(number)", customerID: "1", environment: index == 0 ? "production" : "test")
          if number > 0 { record.active = active }
          if index.isMultiple(of: 2) { record.previous = [active] }
          record.pending = PendingOperation(kind: kind, keyName: "k", startedAt: bench.clock.now)
          record.pending?.stage = stage
          if index.isMultiple(of: 3) { record.pending?.refusal = .init([.init(code: "SIM1", message: "no")], at: bench.clock.now) }
          if stage == .nothing { record.pending = nil }
          try store.save(record, at: bench.clock.now)
        }
      }
      for days in [0.0, 100] {
        let time = bench.clock.now + days * 86_400
        let summaries = try store.summaries(at: time)
        let records = try store.records()
        #expect(summaries.count == records.count)
        for (summary, record) in zip(summaries, records) {
          let expected = CertificateSummary(record, at: time)
          #expect(summary.state == record.state(at: time), "\(record.name)")
          #expect(summary.nextStep == record.nextStep(at: time))
          #expect(
            [summary.notBefore, summary.notAfter, summary.windowOpens, summary.dueAt]
              == [expected.notBefore, expected.notAfter, expected.windowOpens, expected.dueAt])
          #expect(summary.serial == expected.serial && summary.refusalCodes == expected.refusalCodes)
          #expect(summary.previousCount == record.previous.count && summary.hookPending == (record.pending?.stage == .active))
          #expect(summary.environment == record.environment && summary.customerID == record.customerID)
        }
      }
    }
  }

  @Test("Ten thousand of them are read without a certificate being decoded: the records may even be unreadable")
  func many() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state")
    let store = try LifecycleStore(path: path)
    try store.writing { database in
      for number in 1...10_000 {
        var record = CertificateRecord(name: "certificate-\(number)", customerID: "0123456-7", environment: "test")
        record.active = InstalledCertificate(keyName: "k", keyIdentifier: "00", der: Data([1]), installedAt: Date(timeIntervalSince1970: 0))
        try LifecycleStore.write(record, .takenOver, detail: [:], at: Date(), in: database)
      }
    }
    try BrokenDisk(path: path).change("UPDATE certificate SET not_after = 1900000000, not_before = 1800000000, record = 'x'")
    let summaries = try store.summaries(at: Date(timeIntervalSince1970: 1_850_000_000))
    #expect(summaries.count == 10_000)
    #expect(Set(summaries.map(\.state)) == [.active])
    #expect(Set(summaries.compactMap(\.dueAt)).count > 9_000, "spread over the days after the opening of the window")
  }

  @Test("A record says what to do next, and the command is right for what is pending")
  func nextSteps() async throws {
    try await LifecycleBench.with { bench in
      let now = bench.clock.now
      var record = CertificateRecord(name: "payroll", customerID: "1", environment: "test")
      #expect(record.state(at: now) == .nothing)
      #expect(record.nextStep(at: now).contains("hsmkey certificate enrol payroll --transfer-id ID"))
      record.active = try await bench.install()
      #expect(record.state(at: now) == .active)
      #expect(record.nextStep(at: now) == "hsmkey certificate renew payroll")
      #expect(record.nextStep(at: now - 100 * 86_400).hasPrefix("none until 20"))
      #expect(record.state(at: now + 90 * 86_400) == .expired)
      #expect(record.nextStep(at: now + 90 * 86_400).contains("order a new one"))
      record.previous = [try #require(record.active)]
      #expect(record.state(at: now) == .overlap)
      let serial = try #require(record.active).serial()
      #expect(record.nextStep(at: now - 100 * 86_400).hasSuffix("hsmkey certificate retire payroll --serial \(serial)"))
      record.pending = PendingOperation(kind: .renewal, keyName: "k", startedAt: now)
      for (stage, step) in [
        (LifecycleState.requestMade, "hsmkey certificate renew payroll"), (.retrievalIDKnown, "hsmkey certificate fetch payroll"),
        (.uncertain, "hsmkey certificate renew payroll, which says how to go on"),
        (.active, "hsmkey certificate fetch payroll, which runs the after-change program again"),
      ] {
        record.pending?.stage = stage
        #expect(record.nextStep(at: now) == step)
      }
      record.pending?.stage = .requestMade
      #expect(record.state(at: now + 90 * 86_400) == .expired, "a renewal that was not sent in time cannot go on")
      record.pending?.stage = .uncertain
      #expect(record.state(at: now + 90 * 86_400) == .uncertain, "one that may have been carried out can")
    }
  }
}

@Suite("When a timer renews")
struct ScheduleTests {
  private let closes = Date(timeIntervalSince1970: 1_900_000_000)

  @Test("Always at the same moment, within the spread, differently for each name and for each certificate of a name")
  func stable() {
    let schedule = RenewalSchedule()
    let window = RenewalWindow(closes: closes)
    let names = (1...1_000).map { "certificate-\($0)" }
    let due = names.map { schedule.due(window, name: $0) }
    #expect(due == names.map { RenewalSchedule().due(RenewalWindow(closes: closes), name: $0) })
    #expect(due.allSatisfy { $0 >= window.opens && $0 < window.opens + 5 * 86_400 })
    #expect(Set(due).count > 990)
    // Five days: about two hundred of a thousand on each.
    for day in 0..<5 {
      let count = due.count { Int($0.timeIntervalSince(window.opens) / 86_400) == day }
      #expect((140...260).contains(count), "day \(day): \(count)")
    }
    #expect(schedule.due(RenewalWindow(closes: closes + 1), name: "a") != schedule.due(window, name: "a"))
  }

  @Test("Never later than a third of the window, whatever spread is configured; without one at once")
  func limits() {
    let window = RenewalWindow(closes: closes)
    let longest = RenewalSchedule(spread: .seconds(365 * 86_400))
    let due = (1...1_000).map { longest.due(window, name: "\($0)") }
    #expect(due.allSatisfy { $0 < window.opens + 20 * 86_400 })
    #expect(due.contains { $0 > window.opens + 15 * 86_400 })
    #expect(RenewalSchedule(spread: .zero).due(window, name: "a") == window.opens)
    #expect(RenewalSchedule(spread: .seconds(-5)).due(window, name: "a") == window.opens)
  }

  @Test("A renewal that was begun before its window, by a clock that was wrong, is not due before it opens; one that was sent is at once")
  func pending() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install(daysAgo: 100)
      var record = try bench.record()
      record.pending = PendingOperation(kind: .renewal, keyName: "k", startedAt: bench.clock.now)
      let active = try #require(record.active)
      let opens = try RenewalWindow(of: active.certificate()).opens
      #expect(CertificateSummary(record, at: bench.clock.now).dueAt == opens)
      record.pending?.stage = .retrievalIDKnown
      #expect(CertificateSummary(record, at: bench.clock.now).dueAt == bench.clock.now)
      // Begun by a clock that was far ahead, and corrected since.
      #expect(CertificateSummary(record, at: bench.clock.now - 50 * 86_400).isDue(at: bench.clock.now - 50 * 86_400))
      record.pending?.stage = .planned
      #expect(!CertificateSummary(record, at: bench.clock.now).isDue(at: bench.clock.now))
      #expect(CertificateSummary(record, at: opens).isDue(at: opens))
    }
  }
}
