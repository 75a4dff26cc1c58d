import CertificateService
import Foundation
import HTTPSTransport
import Secrets
import ServiceSimulator
import SwiftASN1
import Synchronization
import TestSupport
import Testing
import X509

@testable import CertificateLifecycle

@Suite("A year of a timer")
struct YearTests {
  @Test(
    "Daily runs over a thousand certificates, through outages, crashes, full disks and wrong clocks: nothing expires that could be renewed",
    arguments: [2027])
  func year(seed: UInt64) async throws {
    let year = try await SimulatedYear(seed: seed, certificates: 1_000)
    do {
      for day in 0..<365 {
        let expired = try await year.run(day)
        try #require(expired.isEmpty, "day \(day): \(expired) expired; seed \(seed)")
      }
      try await year.check()
    } catch {
      await year.simulator.stop()
      throw error
    }
    await year.simulator.stop()
  }
}

/// Numbers that are the same in every run of a seed (SplitMix64).
private struct Seeded: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// What the days are like, and what goes wrong on the way to the service.
private final class Weather: ServiceTransport {
  struct Day: Sendable {
    var isServiceDown = false
    /// How many of a hundred requests go wrong.
    var accidents = 0
  }

  private let transport: HTTPSTransport
  private let chance: Mutex<Seeded>
  private let today = Mutex(Day())
  private let interruptions: Interruptions

  init(seed: UInt64, _ interruptions: Interruptions) throws {
    self.interruptions = interruptions
    var configuration = HTTPSTransport.Configuration()
    configuration.allowsPlainHTTPToLoopback = true
    // The simulator answers in this process, on threads that it shares with every other test.
    configuration.totalTimeout = .seconds(600)
    transport = try HTTPSTransport(configuration)
    chance = Mutex(Seeded(seed))
  }

  func begin(_ day: Day) { today.withLock { $0 = day } }

  func number(_ range: Range<Int>) -> Int { chance.withLock { Int.random(in: range, using: &$0) } }

  func post(_ body: [UInt8], to endpoint: String, headers: [(name: String, value: String)]) async throws -> ServiceReply {
    let operation = headers.first { $0.name == "SOAPAction" }.map { $0.value.filter { $0 != "\"" } } ?? ""
    try interruptions.step("before \(operation)")
    let day = today.withLock { $0 }
    if day.isServiceDown { throw TransportFailure(requestMayHaveBeenSent: false, message: "the line is dead") }
    let accident = number(0..<100) < day.accidents ? number(0..<3) : nil
    if accident == 0 { throw TransportFailure(requestMayHaveBeenSent: false, message: "the line is dead") }
    if accident == 1 { throw TransportFailure(requestMayHaveBeenSent: true, message: "no answer came") }
    let response = try await transport.post(body, to: endpoint, headers: headers)
    try interruptions.step("after \(operation)")
    if accident == 2 { throw TransportFailure(requestMayHaveBeenSent: true, message: "no answer came") }
    return ServiceReply(status: response.status, contentType: response.contentType, body: response.body)
  }
}

/// A thousand certificates of all ages, a timer, a service, and a person who looks once a week.
private final class SimulatedYear: Sendable {
  let clock = LifecycleBench.Clock()
  let folder: TemporaryFolder
  let simulator: ServiceSimulator
  let store: LifecycleStore
  private let service: CertificateService
  private let acceptance: AcceptanceOptions
  private let weather: Weather
  private let interruptions = Interruptions()
  private let keys: SoftwareKeys
  private let begin: Date
  /// How far this machine's clock is wrong, in seconds.
  private let clockError = Mutex(0.0)
  private let outageUntil = Mutex(0)
  let outcomes = Mutex([String: Int]())

  private static let customerID = "0123456-7"

  init(seed: UInt64, certificates: Int) async throws {
    folder = try TemporaryFolder(inMemory: true)
    weather = try Weather(seed: seed, interruptions)
    keys = SoftwareKeys(interruptions, distinctKeys: 4)
    begin = clock.now
    let clock = clock
    var configuration = ServiceSimulator.Configuration()
    configuration.folder = folder.path
    configuration.now = { clock.now }
    simulator = try ServiceSimulator(configuration)
    let endpoint = try await simulator.start()
    let trust = try #require(simulator.trustFiles)
    service = CertificateService(
      environment: .test, endpoint: endpoint, transport: weather,
      responseSigners: try TrustAnchors(files: [trust.servicesRoot, trust.servicesChain]), now: { clock.now })
    acceptance = AcceptanceOptions(issuers: try TrustAnchors(files: [trust.providersRoot, trust.providersChain]))
    store = try LifecycleStore(path: folder.path("state.sqlite"))
    var records: [CertificateRecord] = []
    for number in 0..<certificates {
      let key = try await keys.add(named: "certificate-\(number)-old")
      let age = Double(weather.number(0..<700 * 24)) / 24
      let certificate = try await simulator.issueCertificate(
        for: key.privateKey.publicKey, customerID: Self.customerID, customerName: "Ab Demo Oy", notBefore: clock.now - age * 86_400)
      var record = CertificateRecord(name: "certificate-\(number)", customerID: Self.customerID, environment: "test")
      record.active = InstalledCertificate(
        keyName: key.name, keyIdentifier: key.identifier, der: Data(try certificate.derBytes()), installedAt: clock.now - age * 86_400)
      records.append(record)
    }
    let old = records
    try store.writing { database in
      for record in old { try LifecycleStore.write(record, .takenOver, detail: [:], at: clock.now, in: database) }
    }
  }

  private func count(_ outcome: String) { outcomes.withLock { $0[outcome, default: 0] += 1 } }

  /// One day: its weather, the timer's run in the morning, on Mondays a person.
  ///
  /// - Returns: the names of certificates that have expired.
  func run(_ day: Int) async throws -> [String] {
    clock.set(begin + Double(day) * 86_400 + Double(weather.number(0..<3_600)))
    var today = Weather.Day()
    if weather.number(0..<25) == 0 { outageUntil.withLock { $0 = max($0, day + weather.number(1..<15)) } }
    today.isServiceDown = outageUntil.withLock { day < $0 }
    today.accidents = weather.number(0..<4) == 0 ? 30 : 2
    weather.begin(today)
    // A clock that is wrong for a day: three days slow, or a month fast.
    let wrong = weather.number(0..<40)
    clockError.withLock { $0 = wrong == 0 ? -3 * 86_400 : wrong == 1 ? 30 * 86_400 : 0 }
    let isDiskFull = weather.number(0..<20) == 0
    let disk = BrokenDisk(path: folder.path("state.sqlite"))
    if isDiskFull { try disk.fail(after: weather.number(0..<12)) }
    let summaries = try store.summaries(at: now())
    let expired = summaries.filter { ($0.notAfter ?? .distantPast) <= clock.now }.map(\.name)
    try await timer(summaries, isPerson: false)
    if isDiskFull { try disk.mendAfter() }
    if day.isMultiple(of: 7) { try await timer(store.summaries(at: now()), isPerson: true) }
    return expired
  }

  /// What `renew --due` does; a person sends again what may have been carried out.
  private func timer(_ summaries: [CertificateSummary], isPerson: Bool) async throws {
    let now = now()
    for summary in summaries {
      let isWaiting = summary.state == .uncertain || summary.state == .aboutToSend
      guard summary.isDue(at: now), let notAfter = summary.notAfter, now < notAfter || summary.pendingKind != nil,
        !isPerson || isWaiting
      else { continue }
      if weather.number(0..<30) == 0 { interruptions.interrupt(atStep: weather.number(1..<18)) }
      let issued = try await simulator.issuedCertificates().count
      do {
        _ = try await lifecycle().renew(plan(summary.name), repeatingUncertainRenewal: isPerson)
        count("renewed")
      } catch let error as LifecycleError {
        count(error.rule?.rawValue ?? error.code.rawValue)
      } catch let error as CertificateServiceError {
        count("service: \(error.code)")
      } catch is Interruptions.Interrupted {
        count("cut off")
      }
      // Whatever it was that kept the answer from the state: the service has carried out a renewal that the state does not know of.
      let isUncertain = try store.record(named: summary.name)?.pending?.isUncertain == true
      if isUncertain, try await simulator.issuedCertificates().count > issued { count("answer lost") }
    }
  }

  private func now() -> Date { clock.now + clockError.withLock { $0 } }

  private func plan(_ name: String) throws -> CertificatePlan {
    CertificatePlan(
      name: name, customer: try Customer(id: Self.customerID, name: "Ab Demo Oy"), algorithm: "rsa-2048",
      subject: try DistinguishedName { CommonName("Ab Demo Oy") }, certificateFile: nil)
  }

  private func lifecycle() -> CertificateLifecycle {
    interruptions.startProcess()
    let (clock, interruptions) = (clock, interruptions)
    return CertificateLifecycle(
      store: store, service: service, keys: keys, acceptance: acceptance,
      timing: .init(giveUpAfter: .seconds(90)), now: { self.now() },
      sleep: { duration in
        try interruptions.step("wait")
        clock.sleep(duration)
      }, afterChange: { _ in self.weather.number(0..<10) > 0 })
  }

  /// What must hold after the year.
  func check() async throws {
    let records = try store.records()
    let renewed = records.count { !$0.previous.isEmpty }
    // Whose window opened at least a third of its length before the end of the year has been renewed.
    let late = records.filter { record in
      guard let oldest = record.previous.last ?? record.active, let window = try? RenewalWindow(of: oldest.certificate()) else {
        return true
      }
      return window.opens + 40 * 86_400 < clock.now && record.previous.isEmpty
    }
    #expect(late.isEmpty, "\(late.map(\.name))")
    #expect(renewed > records.count / 3)
    #expect(records.allSatisfy { $0.previous.count <= 1 }, "a certificate of 730 days is renewed once a year at most")
    // No key without a record that names it.
    let named = Set(records.flatMap { Array($0.claimedKeys) + $0.leftKeys.map(\.name) })
    let unnamed = await keys.entries.map(\.key).filter { !named.contains($0.identifier) && !named.contains($0.name) }
    #expect(unnamed.isEmpty, "\(unnamed.map(\.name))")
    // No renewal twice but those whose answer was lost, which were sent again on a person's word: each certificate that was issued is in
    // use, is being asked for, or its answer was lost.
    let issued = try await simulator.issuedCertificates().count - records.count
    let lost = outcomes.withLock { $0["answer lost", default: 0] }
    #expect(issued == renewed + records.count { $0.previous.isEmpty && $0.pending?.retrievalID != nil } + lost)
    try store.verifyHistory()
    let seen = outcomes.withLock { $0 }
    for outcome in [
      "renewed", "cut off", "answer lost", "state-unusable", "LIFECYCLE-NOT-REPEATED", "service: unreachable", "service: uncertain",
    ] {
      #expect(seen[outcome, default: 0] > 0, "the year was too quiet: \(seen)")
    }
  }
}
