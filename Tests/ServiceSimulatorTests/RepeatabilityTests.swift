import Foundation
import TestSupport
import Testing
import X509

@testable import ServiceSimulator

@Suite("Runs that can be repeated")
struct RepeatabilityTests {
  private struct Run: Equatable {
    var trust: [String] = []
    var retrievalIDs: [String?] = []
    var certificates: [String?] = []
  }

  private func run(seed: UInt64?) async throws -> Run {
    var result = Run()
    try await Workbench.with({ configuration in
      configuration.seed = seed
      configuration.publicationBase = "http://127.0.0.1:9"
      configuration.clock = (try? ClockSetting(parsing: "2030-05-01")) ?? .machine
      configuration.isClockStopped = true
      configuration.notReadyFor = .zero
    }) { bench in
      let files = try #require(bench.simulator.trustFiles)
      result.trust = try files.paths.map { try String(contentsOfFile: $0, encoding: .utf8) }
      for number in 1...3 {
        try await bench.simulator.perform("order 0123456-7:\(number):password")
        let id = try await bench.signNew(id: "\(number)", password: "password").value("RetrievalId")
        result.retrievalIDs.append(id)
        result.certificates.append(try await bench.get(id ?? "").value("Certificate"))
      }
    }
    return result
  }

  @Test("With one seed, the same keys and a clock that stands still, CAs, ids and certificates are the same, octet for octet")
  func sameSeed() async throws {
    let first = try await run(seed: 5)
    #expect(try await run(seed: 5) == first)
    #expect(Set(first.retrievalIDs).count == 3 && Set(first.certificates).count == 3)
    let other = try await run(seed: 6)
    #expect(other.trust != first.trust && Set(other.retrievalIDs).isDisjoint(with: first.retrievalIDs))
    let none = try await run(seed: nil)
    #expect(Set(none.retrievalIDs).isDisjoint(with: first.retrievalIDs))
  }

  @Test("Numbers from a seed look like the others: serial numbers of eight octets, positive; probabilities are kept")
  func numbers() {
    let random = SimulatorRandom(seed: 1)
    for _ in 0..<1000 {
      let serial = random.serialNumber().bytes
      #expect(serial.count == 8 && (1...0x7f).contains(serial[serial.startIndex]))
      #expect(random.hexadecimal(characters: 28).wholeMatch(of: /[0-9A-F]{28}/) != nil)
    }
    #expect(!(0..<100).contains { _ in random.happens(0) } && (0..<100).allSatisfy { _ in random.happens(1) })
    #expect((300...700).contains((0..<1000).count { _ in random.happens(0.5) }))
    let (one, other) = (SimulatorRandom(seed: 1, purpose: 1), SimulatorRandom(seed: 1, purpose: 2))
    #expect(one.next() != other.next())
  }
}
