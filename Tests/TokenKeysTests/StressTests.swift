import Foundation
import PKCS11
import Secrets
import Synchronization
import TestSupport
import Testing

@testable import TokenKeys

/// Sixty-four tasks over four sessions, while everything that can go wrong does.
///
/// `HSMKEY_STRESS_SECONDS` makes it longer (see `scripts/stress-token`), `HSMKEY_STRESS_SEED` makes it choose as it did before.
@Suite(
  "Many tasks on a token that fails at random", .timeLimit(.minutes(60)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct StressTests {
  @Test("Every signature verifies, nobody waits for ever, and each key is there whose maker was told so, and no half of any other")
  func stress() async throws {
    let environment = ProcessInfo.processInfo.environment
    let seconds = environment["HSMKEY_STRESS_SECONDS"].flatMap { Double($0) } ?? 6
    let seed = environment["HSMKEY_STRESS_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64(UInt32.max))
    let stress = try await Stress(seed: seed)
    try await stress.run(for: .seconds(seconds))
    try await stress.settle()
    let findings = try await stress.audit()
    let report = "seed \(seed): \(stress.report)"
    #expect(findings.isEmpty, Comment(rawValue: ([report] + findings.prefix(20)).joined(separator: "\n")))
    if environment["HSMKEY_STRESS_SECONDS"] != nil { try FileHandle.standardError.write(contentsOf: Data("stress: \(report)\n".utf8)) }
  }
}

/// Chance that can be had again: SplitMix64.
private struct Chance: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

private final class Stress: Sendable {
  private struct Books {
    var made: [TokenKey] = []
    var begun = 0
    /// Names of keys whose making was cancelled or passed its deadline: both halves may be there, or neither.
    var uncertain: Set<String> = []
    /// Names of keys that an error said may be left.
    var told: Set<String> = []
    var signatures = 0
    var failures: [String: Int] = [:]
    var faults = 0
    var wrong: [String] = []
    var events: [String: Int] = [:]
  }

  private let fault: FaultModule
  private let module: Module
  private let login: TokenLogin
  private let keys: TokenKeys
  private let folder: TemporaryFolder
  private let seed: UInt64
  private let books: Mutex<Books>
  private static let taskCount = 64
  private static let keyLimit = 120
  private static let quiet: FaultLine = "log off"

  init(seed: UInt64) async throws {
    self.seed = seed
    folder = try TemporaryFolder()
    let made = try SoftHSMFixture.takeToken()
    try folder.write(made.userPIN.utf8, to: "pin")
    fault = try FaultModule(.softHSM(made), Self.quiet)
    module = try Module(path: fault.path)
    login = TokenLogin(
      token: try module.token(matching: PKCS11URI(label: made.label)), pin: try SecretSource(parsing: "file:" + folder.path("pin")),
      memory: PINMemory(folder: folder.path("pins")))
    let events = Events()
    keys = try await TokenKeys(
      login,
      sessions: .init(
        maximumSessionCount: 4, waitingLimit: .seconds(20),
        deadlines: CallDeadlines(general: .seconds(1), login: .seconds(2), keyGeneration: .seconds(2)),
        circuitBreaker: .init(failureLimit: 10, firstPause: .milliseconds(20), longestPause: .milliseconds(100)),
        onEvent: { event in events.count.withLock { $0[event.kind.rawValue, default: 0] += 1 } }))
    books = Mutex(Books())
    self.events = events
    for number in 0..<4 {
      let key = try await keys.generate(.ecdsaP256, named: "first \(number)")
      books.withLock { $0.made.append(key) }
    }
  }

  private final class Events: Sendable { let count = Mutex<[String: Int]>([:]) }
  private let events: Events

  var report: String {
    let books = books.withLock { $0 }
    let failures = books.failures.sorted { $0.value > $1.value }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    let events = events.count.withLock { $0 }.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    return "\(books.signatures) signatures, \(books.made.count) keys, \(books.faults) faults; failures: \(failures); events: \(events)"
  }

  // MARK: The storm

  func run(for time: Duration) async throws {
    let end = ContinuousClock.now + time
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.injectFaults(until: end) }
      for number in 0..<Self.taskCount {
        group.addTask { await self.work(Chance(self.seed &+ UInt64(number) &* 7919), until: end) }
      }
      try await group.waitForAll()
    }
  }

  private func work(_ chance: Chance, until end: ContinuousClock.Instant) async {
    var chance = chance
    while ContinuousClock.now < end {
      switch Int.random(in: 0..<20, using: &chance) {
      case 0: await generate()
      case 1:
        let task = Task { if Bool.random() { await self.generate() } else { await self.sign(UInt64.random(in: 0...UInt64.max)) } }
        try? await Task.sleep(for: .microseconds(Int.random(in: 0..<3000, using: &chance)))
        task.cancel()
        await task.value
      case 2: await look(chance.next())
      default: await sign(chance.next())
      }
    }
  }

  private func key(_ number: UInt64) -> TokenKey { books.withLock { $0.made[Int(number % UInt64($0.made.count))] } }

  private func sign(_ number: UInt64) async {
    let key = key(number)
    let message = Array("\(number)".utf8)
    do {
      let signature = try await key.sign(message)
      let verified = KeySignature(verifying: signature.rawRepresentation, of: message, by: key.publicKey, algorithm: .ecdsaSHA256)
      books.withLock { $0.signatures += 1 }
      if verified == nil { note(wrong: "a signature by \(key.name) does not verify") }
    } catch { await failed(error, "sign with \(key.name)") }
  }

  private func look(_ number: UInt64) async {
    let key = key(number)
    do {
      let found = try await keys.key(named: key.name)
      if found != key { note(wrong: "\(key.name) is another key by now") }
    } catch { await failed(error, "find \(key.name)") }
  }

  private func generate() async {
    let number = books.withLock { books -> Int? in
      guard books.begun < Self.keyLimit else { return nil }
      books.begun += 1
      return books.begun
    }
    guard let number else { return }
    let name = "stress \(number)"
    do {
      let key = try await keys.generate(.ecdsaP256, named: name)
      books.withLock { $0.made.append(key) }
    } catch {
      let isGone = error is CancellationError || (error as? PKCS11Error)?.rule == .callDeadline
      let text = "\(error) \((error as? TokenKeysError)?.hint ?? "")"
      books.withLock { books in
        if isGone { books.uncertain.insert(name) } else if text.contains("CKA_ID") { books.told.insert(name) }
      }
      await failed(error, "generate \(name)")
    }
  }

  private func note(wrong: String) { books.withLock { $0.wrong.append(wrong) } }

  /// Errors are the rule here, but only those that say what the matter is.
  private func failed(_ error: any Error, _ what: String) async {
    let kind: String
    switch error {
    case is CancellationError: kind = "cancelled"
    case let error as PKCS11Error:
      kind = error.returnValue.map { "\($0)" } ?? "\(error.rule)"
      if error.rule == .circuitOpen { try? await Task.sleep(for: .milliseconds(5)) }
    case let error as TokenKeysError:
      kind = error.code.rawValue
      let isExpected = [.loginLost, .keyUnusable, .pinBusy].contains(error.code)
      // SoftHSM keeps of a generation that a logout has cut short what it has so far, and the policy refuses it.
      let isRefused = error.code == .ruleRefused && error.rule != .verifyAfterSign && error.rule != .nameTaken
      if !isExpected, !isRefused { note(wrong: "\(what): \(error)") }
    default:
      kind = "other"
      note(wrong: "\(what): \(error)")
    }
    books.withLock { $0.failures[kind, default: 0] += 1 }
  }

  // MARK: The faults

  private static let functions = [
    "C_OpenSession", "C_CloseSession", "C_GetSessionInfo", "C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal",
    "C_GetAttributeValue", "C_SignInit", "C_Sign", "C_Sign", "C_GenerateKeyPair", "C_GenerateRandom", "C_DestroyObject", "C_GetTokenInfo",
  ]
  private static let codes: [FaultCode] = [
    "CKR_DEVICE_ERROR", "CKR_DEVICE_REMOVED", "CKR_SESSION_HANDLE_INVALID", "CKR_SESSION_CLOSED", "CKR_OBJECT_HANDLE_INVALID",
    "CKR_KEY_HANDLE_INVALID", "CKR_USER_NOT_LOGGED_IN", "CKR_OPERATION_ACTIVE", "CKR_SESSION_COUNT", "CKR_TOKEN_NOT_PRESENT",
    "CKR_CRYPTOKI_NOT_INITIALIZED", "CKR_FUNCTION_FAILED", "CKR_GENERAL_ERROR", "CKR_HOST_MEMORY", 0x8000_0123,
  ]

  private func injectFaults(until end: ContinuousClock.Instant) async throws {
    var chance = Chance(seed ^ 0xFA17)
    var hangs = 0
    while ContinuousClock.now < end {
      let function = Self.functions.randomElement(using: &chance)!
      let call = FaultTiming.on(Int.random(in: 1...5, using: &chance))
      var pause = Duration.milliseconds(Int.random(in: 2...40, using: &chance))
      let line: FaultLine
      switch Int.random(in: 0..<40, using: &chance) {
      case 0...1: line = .dropSessions(on: function, call)
      case 2...3: line = .dropLogin(on: function, call)
      case 4...5: line = .dropObjects(on: function, call)
      case 6: line = .deinitialize(on: function, call)
      case 7...9: line = .delay(function, .milliseconds(20), call)
      case 10 where hangs < 1 + books.withLock({ $0.faults }) / 100:
        hangs += 1
        line = .hang(function, .once)
        pause = .milliseconds(1300)
      case 11...16: line = .fail(function, Self.codes.randomElement(using: &chance)!, call, .after)
      default: line = .fail(function, Self.codes.randomElement(using: &chance)!, call)
      }
      books.withLock { $0.faults += 1 }
      try fault.script(Self.quiet, line)
      try await Task.sleep(for: pause)
      try fault.script(Self.quiet)
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...10, using: &chance)))
    }
    try fault.script(Self.quiet)
  }

  // MARK: Afterwards

  /// With the faults gone, everybody gets a signature again.
  func settle() async throws {
    for _ in 0..<2 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<Self.taskCount {
          group.addTask {
            let key = self.key(UInt64(number))
            let end = ContinuousClock.now + .seconds(60)
            while true {
              do {
                _ = try await key.sign([UInt8(number)])
                return
              } catch let error as PKCS11Error where error.recovery == .retry && ContinuousClock.now < end {
                // The circuit may be open still, and calls that hung may come back one after the other.
                try await Task.sleep(for: .milliseconds(10))
              }
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  /// Holds what is on the token against what everybody was told.
  func audit() async throws -> [String] {
    // Work whose caller has gone is over when the pool is closed, and that of calls that hung when they have returned.
    try await keys.close()
    _ = try await eventually("calls that hung to return") {
      events.count.withLock { $0["call-given-up"] == $0["call-returned"] } ? true : nil
    }
    let keys = try await TokenKeys(login, sessions: .init())
    let books = books.withLock { $0 }
    var findings = books.wrong
    let halves = try await keys.perform(isRepeatable: true) { connection in
      try connection.reading { session in
        var halves: [String: Int] = [:]
        for handle in try session.findObjects(matching: []) {
          // SoftHSM leaves an object without a name and an identifier, and partly not to be read, of a generation that it broke off itself.
          guard let values = try? session.attributes([.label, .id], of: handle) else { continue }
          let (label, identifier) = (values.string(.label) ?? "", values.bytes(.id) ?? [])
          if !label.isEmpty || !identifier.isEmpty { halves[label, default: 0] += 1 }
        }
        return halves
      }
    }
    let made = Set(books.made.map(\.name))
    for key in books.made {
      if halves[key.name] != 2 { findings.append("\(key.name): \(halves[key.name] ?? 0) halves of a key that was made") }
      if try await keys.key(identifier: key.identifier).parts != key.parts { findings.append("\(key.name) is not itself") }
    }
    for (name, count) in halves where !made.contains(name) && !books.told.contains(name) {
      if books.uncertain.contains(name), count == 2 { continue }
      findings.append("\(name): \(count) halves of a key that nobody was told of")
    }
    if books.signatures < 100 { findings.append("only \(books.signatures) signatures were made") }
    try await keys.close()
    try module.finalize()
    if fault.events.contains(where: { $0.hasPrefix("SESSION-SHARED") }) { findings.append("a session did two things at once") }
    return findings
  }
}
