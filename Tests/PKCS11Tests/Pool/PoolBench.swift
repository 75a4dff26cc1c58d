import Dispatch
import PKCS11
import Synchronization
import TestSupport
import Testing

/// A session pool on a stand-alone fault module.
final class PoolBench: Sendable {
  let fault: FaultModule
  let pool: SessionPool
  private let heard: Heard

  /// Deadlines that no call passes by accident, on however busy a machine.
  static let generous = CallDeadlines(general: .seconds(120), login: .seconds(120), keyGeneration: .seconds(120))
  /// Deadlines for calls that hang. All others return in microseconds, but the machine may have other things to do.
  static let short = CallDeadlines(general: .milliseconds(700), login: .milliseconds(700), keyGeneration: .milliseconds(700))
  /// A breaker that stays out of the way.
  static let patient = CircuitBreaker.Configuration(failureLimit: 10_000)

  init(
    _ lines: [FaultLine] = [], sessions: Int = 4, waiting: Int = 1024, waitingLimit: Duration = .seconds(120),
    deadlines: CallDeadlines = generous, breaker: CircuitBreaker.Configuration = patient, pin: String = "123456"
  ) throws {
    fault = try FaultModule(.standAlone, lines)
    let heard = Heard()
    self.heard = heard
    let configuration = SessionPool.Configuration(
      maximumSessionCount: sessions, maximumWaitingCount: waiting, waitingLimit: waitingLimit, deadlines: deadlines,
      circuitBreaker: breaker, onEvent: { event in heard.events.withLock { $0.append(event) } })
    pool = SessionPool(token: try fault.token(), configuration: configuration) { session in
      _ = try session.login(.user, pin: secret(pin))
    }
  }

  private final class Heard: Sendable { let events = Mutex<[SessionPool.Event]>([]) }

  /// What happened to the pool.
  var events: [SessionPool.Event.Kind] { heard.events.withLock { $0.map(\.kind) } }

  /// How many sessions the token has open.
  var sessionCount: Int { get throws { try #require(try pool.token.information().sessionCount) } }

  /// How often the module was asked to open a session, and did.
  var openedCount: Int { fault.calls.count { $0.function == "C_OpenSession" && $0.returnValue == 0 } }

  /// The smallest piece of work that needs a session.
  @discardableResult
  func random(isRepeatable: Bool = true) async throws -> [UInt8] {
    try await pool.perform(isRepeatable: isRepeatable) { lender in try lender.reading { try $0.generateRandom(count: 4) } }
  }

  /// Makes a key pair.
  func makeKey(_ label: String = "key") async throws {
    try await pool.perform { lender in try lender.writing { _ = try makeP256Key(&$0, label: label) } }
  }

  /// Signs with the only private key, looked for each time.
  func sign() async throws {
    let signature = try await pool.perform(isRepeatable: true) { lender in
      try lender.reading { session in
        var found = try session.findObjects(matching: [Attribute(.objectClass, .privateKey)], limit: 1)
        if found.isEmpty {
          guard try session.isUserLoggedIn() else { throw PKCS11Error.notLoggedIn }
          // The login is there, and perhaps only since the search: another session may have brought it back.
          found = try session.findObjects(matching: [Attribute(.objectClass, .privateKey)], limit: 1)
        }
        guard let key = found.first else { throw NoKey() }
        return try session.sign([UInt8](repeating: 7, count: 32), with: .ecdsa, key: key, maximumSignatureSize: 64)
      }
    }
    #expect(signature.count == 64)
  }

  /// Work that needs a session and goes on until it is let go.
  func block(_ blocker: Blocker) async throws {
    try await pool.perform(isRepeatable: true) { lender in try lender.reading { _ in blocker.pass() } }
  }

  /// Has a fault of `C_GenerateRandom` happen while the pool is idle, in a session of others.
  func meet(_ fault: FaultLine) throws {
    var other = try pool.token.openSession(.readOnly)
    try self.fault.script(fault)
    _ = try? other.generateRandom(count: 1)
    try self.fault.script()
  }

  /// Several at once; what became of each.
  func many(_ count: Int, _ body: @escaping @Sendable (PoolBench) async throws -> Void) async -> [(any Error)?] {
    await withTaskGroup(of: (any Error)?.self) { group in
      for _ in 0..<count {
        group.addTask {
          do { try await body(self) } catch { return error }
          return nil
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }

  func happened(_ kind: SessionPool.Event.Kind, times: Int = 1) async throws {
    _ = try await eventually(kind.rawValue) { events.count { $0 == kind } >= times ? true : nil }
  }
}

struct NoKey: Error {}

extension PKCS11Error {
  /// What work says when the token shows no keys because the login is gone.
  static let notLoggedIn = PKCS11Error(rule: .loginKept, token: nil, operation: "test", message: "the login is gone", hint: nil)
}

/// Where work waits until it is let go, on a thread that may wait.
final class Blocker: Sendable {
  private let count = Atomic<Int>(0)
  private let door = DispatchSemaphore(value: 0)

  /// How many have come so far.
  var arrived: Int { count.load(ordering: .relaxed) }

  func pass() {
    count.add(1, ordering: .relaxed)
    door.wait()
  }

  /// Lets so many go, whether they have come already or not.
  func letGo(_ count: Int = 1) { for _ in 0..<count { door.signal() } }

  func waits(for count: Int) async throws {
    _ = try await eventually("\(count) at the door") { arrived >= count ? true : nil }
  }
}

/// The room's error that the body must throw.
func poolError<Value>(
  _ body: () async throws -> Value, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> PKCS11Error {
  try #require(await #expect(throws: PKCS11Error.self, sourceLocation: sourceLocation) { _ = try await body() })
}
