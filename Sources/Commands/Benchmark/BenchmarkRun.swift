import PKCS11
import Secrets
import Synchronization
import TokenKeys

/// One run of the benchmark: sessions of a pool, a throw-away key in each, and a clock.
final class BenchmarkRun: Sendable {
  /// The label of every key that is made.
  let label: String
  private let pool: SessionPool
  private let mechanisms: [MechanismType: MechanismInformation]
  private let time: Duration
  private let sessionCount: Int
  private let notices = SharedNotices()
  /// The token has refused keys that live in a session.
  private let storesKeys = Mutex(false)

  struct Result: Sendable {
    var signatures: [BenchmarkCommand.Line] = []
    var keyGenerations: [BenchmarkCommand.Line] = []
    var keysWereStored = false
    var firstError: (any Error)?
    var hasMeasured: Bool { (signatures + keyGenerations).contains { $0.result != nil } }
  }

  /// A session for as long as the run takes, and the key in it.
  private final class Station: Sendable {
    let lease: SessionLease
    let key = Mutex<ThrowAwayKey?>(nil)
    init(_ lease: consuming SessionLease) { self.lease = lease }
  }

  init(
    _ context: CommandContext, _ login: TokenLogin, sessions: Int, mechanisms: [MechanismType: MechanismInformation], time: Duration
  ) {
    label = "hsmkey-benchmark-" + String(UInt32.random(in: .min ... .max), radix: 16)
    self.mechanisms = mechanisms
    self.time = time
    // One session more holds the login.
    sessionCount = if case .maximum(let limit) = login.token.maximumSessionCount { max(1, min(sessions, limit - 1)) } else { sessions }
    var configuration = context.poolConfiguration
    configuration.maximumSessionCount = sessionCount
    configuration.waitingLimit = .seconds(10)
    let notices = notices
    pool = SessionPool(token: login.token, configuration: configuration, usesProtectedPath: login.source.isProtectedPath) { session in
      notices.add(try login.logIn(&session))
    }
    LoadedModules.add(pool)
  }

  /// What the login has found.
  private final class SharedNotices: Sendable {
    private let notices = Mutex<[LoginNotice]>([])
    var all: [LoginNotice] { notices.withLock { $0 } }
    func add(_ new: [LoginNotice]) { notices.withLock { $0 += new } }
  }

  /// Logs in, which is all that needs the PIN.
  func logIn() async throws -> [LoginNotice] {
    try await pool.perform(isRepeatable: true) { _ in }
    return notices.all
  }

  /// Measures every kind of key with every number of sessions.
  func measure(
    _ kinds: [KeyAlgorithm], _ counts: [Int], unless isOver: @escaping @Sendable () -> Bool, progress: (String) -> Void
  ) async -> Result {
    var result = Result()
    var stations: [Station] = []
    do {
      while stations.count < sessionCount { stations.append(Station(try await pool.lease())) }
    } catch {
      // The token has fewer sessions than it said.
      if stations.isEmpty {
        result.firstError = error
        return result
      }
    }
    for kind in kinds where !isOver() {
      progress("\(kind): signatures")
      do {
        for station in stations { try await makeKey(kind, at: station) }
        for count in counts where !isOver() {
          guard count <= stations.count else {
            result.signatures.append(
              .init(algorithm: kind.rawValue, sessions: count, result: nil, trouble: "the token has \(stations.count) sessions for this"))
            continue
          }
          let measured = try await sign(at: Array(stations.prefix(count)), unless: isOver)
          result.signatures.append(.init(algorithm: kind.rawValue, sessions: count, result: measured, trouble: nil))
        }
      } catch {
        note(error, kind, \.signatures, &result)
      }
      for station in stations { await destroyKey(at: station) }
      guard !isOver() else { break }
      progress("\(kind): new keys")
      do {
        let measured = try await generate(kind, at: stations[0], unless: isOver)
        result.keyGenerations.append(.init(algorithm: kind.rawValue, sessions: 1, result: measured, trouble: nil))
      } catch {
        note(error, kind, \.keyGenerations, &result)
      }
    }
    result.keysWereStored = storesKeys.withLock { $0 }
    return result
  }

  private func note(
    _ error: any Error, _ kind: KeyAlgorithm, _ lines: WritableKeyPath<Result, [BenchmarkCommand.Line]>, _ result: inout Result
  ) {
    result[keyPath: lines].append(
      .init(algorithm: kind.rawValue, sessions: 1, result: nil, trouble: ErrorTranslation.translate(error)?.message ?? "\(error)"))
    result.firstError = result.firstError ?? error
  }

  /// Signs in all stations at once, for as long as the measurement takes.
  private func sign(at stations: [Station], unless isOver: @escaping @Sendable () -> Bool) async throws -> Measurement? {
    let mechanisms = mechanisms
    let start = ContinuousClock.now
    let end = start + time
    let times = try await withThrowingTaskGroup(of: [Duration].self) { group in
      for station in stations {
        group.addTask {
          guard let key = station.key.withLock({ $0 }) else { return [] }
          var times: [Duration] = []
          var message = [UInt8](repeating: 0, count: 32)
          while ContinuousClock.now < end, !isOver() {
            message[times.count % 32] &+= 1
            let begin = ContinuousClock.now
            let bytes = message
            try await station.lease.perform { lender in
              try lender.reading { _ = try key.sign(bytes, mechanisms: mechanisms, in: &$0) }
            }
            times.append(ContinuousClock.now - begin)
          }
          return times
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    return Measurement(times, in: ContinuousClock.now - start)
  }

  /// Makes and destroys keys, for as long as the measurement takes and once at least. Only the making counts.
  private func generate(_ kind: KeyAlgorithm, at station: Station, unless isOver: () -> Bool) async throws -> Measurement? {
    var times: [Duration] = []
    let end = ContinuousClock.now + time
    repeat {
      let begin = ContinuousClock.now
      try await makeKey(kind, at: station)
      times.append(ContinuousClock.now - begin)
      await destroyKey(at: station)
    } while ContinuousClock.now < end && !isOver()
    return Measurement(times, in: times.reduce(.zero, +))
  }

  private func makeKey(_ kind: KeyAlgorithm, at station: Station) async throws {
    let label = label
    let key: ThrowAwayKey
    if storesKeys.withLock({ $0 }) {
      key = try await station.lease.perform { lender in
        try lender.writing { try ThrowAwayKey(kind, named: label, isOnToken: true, in: &$0) }
      }
    } else {
      do {
        key = try await station.lease.perform { lender in
          try lender.reading { try ThrowAwayKey(kind, named: label, isOnToken: false, in: &$0) }
        }
      } catch  where Self.isAboutSessionKeys(error) {
        storesKeys.withLock { $0 = true }
        return try await makeKey(kind, at: station)
      }
    }
    station.key.withLock { $0 = key }
  }

  private func destroyKey(at station: Station) async {
    guard let key = station.key.withLock({ $0.take() }) else { return }
    let isStored = storesKeys.withLock { $0 }
    // What is left goes with its session, or is found by its label at the end.
    _ = try? await station.lease.perform { lender in
      try isStored ? lender.writing { key.destroy(in: &$0) } : lender.reading { key.destroy(in: &$0) }
    }
  }

  /// Answers that can mean that the token makes no keys in a session that cannot write, or none that are not stored.
  private static func isAboutSessionKeys(_ error: any Error) -> Bool {
    if let error = error as? TokenKeysError { return error.code == .templateRefused }
    let answers: Set<ReturnValue> = [
      .sessionReadOnly, .templateInconsistent, .templateIncomplete, .attributeValueInvalid, .attributeTypeInvalid, .tokenWriteProtected,
    ]
    return (error as? PKCS11Error)?.returnValue.map(answers.contains) ?? false
  }

  /// Destroys whatever carries our label.
  ///
  /// - Returns: why something may be left; nil when nothing is.
  func cleanUp() async -> String? {
    guard storesKeys.withLock({ $0 }) else { return nil }
    let label = label
    do {
      try await pool.perform { lender in
        try lender.writing { session in
          for object in try session.findObjects(matching: [.init(.label, label)]) { try session.destroyObject(object) }
        }
      }
      return nil
    } catch {
      return "\(error)"
    }
  }
}
