import Foundation
import Secrets
import TestSupport
import Testing
import X509

@testable import PKCS11
@testable import TokenKeys

/// What a fault of one function with one code at one time must come to: what `docs/errors.md` says.
@Suite("Every function, every code, at every time", .timeLimit(.minutes(10)))
struct FaultMatrixTests {
  /// The functions that are called between the opening of a module and its end.
  static let functions: [CryptokiFunction] = [
    .C_Initialize, .C_Finalize, .C_GetInfo, .C_GetSlotList, .C_GetSlotInfo, .C_GetTokenInfo, .C_GetMechanismList, .C_GetMechanismInfo,
    .C_OpenSession, .C_CloseSession, .C_GetSessionInfo, .C_Login, .C_FindObjectsInit, .C_FindObjects, .C_FindObjectsFinal,
    .C_GetAttributeValue, .C_SetAttributeValue, .C_SignInit, .C_Sign, .C_GenerateKeyPair, .C_GenerateRandom, .C_CreateObject,
    .C_DestroyObject, .C_CopyObject, .C_GenerateKey, .C_WrapKey,
  ]

  static let codes: [ReturnValue] = [
    .deviceError, .deviceRemoved, .sessionHandleInvalid, .sessionClosed, .objectHandleInvalid, .keyHandleInvalid, .userNotLoggedIn,
    .pinIncorrect, .pinLocked, .operationActive, .bufferTooSmall, .sessionCount, .tokenNotPresent, .cryptokiNotInitialized,
    .functionFailed, .generalError, ReturnValue(rawValue: 0x02) /* CKR_HOST_MEMORY */, ReturnValue(rawValue: 0x8000_0123),
  ]

  @Test(
    "Each fault ends in its verdict: mended, or an error with function and code; nothing is lost and nothing left open",
    arguments: functions)
  func matrix(function: CryptokiFunction) async throws {
    let bench = try await FaultMatrixBench(function)
    var cells: [FaultCell] = []
    for code in Self.codes {
      for time in FaultCell.Time.allCases { cells.append(try await bench.cell(code, time)) }
    }
    if cells.contains(where: { !$0.violations.isEmpty }) { Issue.record(Comment(rawValue: FaultCell.table(cells, function))) }
    let hits = cells.count(where: \.isHit)
    #expect(hits > Self.codes.count, "the function was called at all")
  }
}

/// One fault, and what came of it.
struct FaultCell {
  enum Time: String, CaseIterable {
    /// The very first call.
    case first
    /// The second call after the login.
    case later
    /// The second call after the login, which does what it is asked for and fails then.
    case after
    /// Every call after the login.
    case always
    /// Every call.
    case ever
  }

  let code: ReturnValue
  let time: Time
  var isHit = false
  var violations: [String] = []

  /// `.` nothing hit, `o` as it must be, `X` not.
  static func table(_ cells: [FaultCell], _ function: CryptokiFunction) -> String {
    let rows = Dictionary(grouping: cells, by: \.code).sorted { $0.key.rawValue < $1.key.rawValue }.map { code, cells in
      let marks = Time.allCases.map { time in
        cells.first { $0.time == time }.map { $0.violations.isEmpty ? ($0.isHit ? "o" : ".") : "X" } ?? " "
      }
      return marks.joined(separator: " ") + "  \(code)"
    }
    let stories = cells.flatMap { cell in cell.violations.map { "\(cell.code) \(cell.time): \($0)" } }
    return (["\(function) (\(Time.allCases.map(\.rawValue).joined(separator: " ")))"] + rows + stories).joined(separator: "\n")
  }
}

/// A stand-alone token with one key, on which every fault of one function is tried.
private struct FaultMatrixBench {
  let function: CryptokiFunction
  let folder: TemporaryFolder
  /// Modules that cannot be finalized, or initialised, are of no use for another fault.
  private let needsNewModule: Bool
  private let shared: Token

  /// A key, and a certificate for it, that are there before every fault.
  final class Token: Sendable {
    let fault: FaultModule
    let identifier: KeyIdentifier
    let certificate: Certificate
    init(_ fault: FaultModule, _ identifier: KeyIdentifier, _ certificate: Certificate) {
      self.fault = fault
      self.identifier = identifier
      self.certificate = certificate
    }
  }

  init(_ function: CryptokiFunction) async throws {
    self.function = function
    folder = try TemporaryFolder()
    try folder.write("123456".utf8, to: "pin")
    needsNewModule = [.C_Finalize, .C_Initialize].contains(function)
    shared = try await Self.token(folder)
  }

  /// The token claims not to know `CKA_COPYABLE`, so that a key can be made that a policy refuses.
  private static let always: [FaultLine] = [.hideAttribute("CKA_COPYABLE")]
  private static let strict = KeyPolicy(name: "strict", mustBeClaimed: [.notCopyable])

  private static func token(_ folder: TemporaryFolder) async throws -> Token {
    let fault = try FaultModule(.standAlone, always)
    let module = try Module(path: fault.path)
    let keys = try await connect(module, folder)
    let key = try await keys.generate(.ecdsaP256, named: "kept")
    let name = try DistinguishedName { CommonName("kept") }
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(1), publicKey: key.publicKey, notValidBefore: Date(), notValidAfter: Date() + 86_400, issuer: name,
      subject: name, signatureAlgorithm: .ecdsaWithSHA256, extensions: .init(), issuerPrivateKey: key.privateKey)
    try await keys.close()
    try module.finalize()
    return Token(fault, key.identifier, certificate)
  }

  private static func connect(_ module: Module, _ folder: TemporaryFolder) async throws -> TokenKeys {
    let token = try module.token(matching: PKCS11URI(label: "fault"))
    // Each with a memory of its own: a PIN that was refused once would not be tried again.
    let memory = PINMemory(folder: folder.path("pins-\(UUID().uuidString)"))
    return try await TokenKeys(
      token: token, pin: SecretSource(parsing: "file:" + folder.path("pin")), memory: memory,
      sessions: .init(
        maximumSessionCount: 2,
        deadlines: CallDeadlines(general: .seconds(120), login: .seconds(120), keyGeneration: .seconds(120)),
        circuitBreaker: .init(failureLimit: 1000)))
  }

  // MARK: One cell

  func cell(_ code: ReturnValue, _ time: FaultCell.Time) async throws -> FaultCell {
    let token = needsNewModule ? try await Self.token(folder) : shared
    var run = Run(function: function, token: token, cell: FaultCell(code: code, time: time))
    try token.fault.script(Self.always)
    try token.fault.forgetCalls()
    let fault = FaultCode(code.rawValue)
    switch time {
    case .first: try run.arm(.fail(function.name, fault, .once))
    case .ever: try run.arm(.fail(function.name, fault))
    default: break
    }
    if let (module, keys) = await open(&run) {
      switch time {
      case .later: try run.arm(.fail(function.name, fault, .on(2)))
      case .after: try run.arm(.fail(function.name, fault, .on(2), .after))
      case .always: try run.arm(.fail(function.name, fault))
      default: break
      }
      let names = try await use(keys, &run)
      // What ends is met by the fault as well; before that, the same connection works once the fault is gone.
      if ![.C_CloseSession, .C_Finalize].contains(function) {
        try run.disarm()
        await run.step("sign once the fault is gone", isRepeatable: true) { _ = try await Self.sign(keys, token) }
      }
      await run.step("close", isRepeatable: false) { try await keys.close() }
      if ![.C_CloseSession, .C_Finalize].contains(function), !(function == .C_OpenSession && time == .after) {
        // A session that the module would not close, or that it opened without telling its number, is not ours to close.
        await run.step("count the sessions", isRepeatable: true) {
          let count = try keys.openSessionCount
          guard count == 0 else { throw Wrong("\(count.map(String.init) ?? "nobody knows how many") are open") }
        }
      }
      await run.step("finalize", isRepeatable: false) { try module.finalize() }
      try run.disarm()
      try await inspect(&run, names)
    } else {
      try run.disarm()
      try await inspect(&run, [])
    }
    return run.cell
  }

  private func open(_ run: inout Run) async -> (Module, TokenKeys)? {
    var opened: (Module, TokenKeys)?
    var module: Module?
    let path = run.token.fault.path
    // What comes before the pool is not repeated by itself.
    for attempt in 1...(run.cell.time == .ever ? 1 : 2) where opened == nil {
      await run.step("open", isRepeatable: attempt == 2) {
        let loaded = try Module(path: path)
        module = loaded
        opened = (loaded, try await Self.connect(loaded, folder))
      }
      if opened == nil, let loaded = module {
        await run.step("finalize", isRepeatable: false) { try loaded.finalize() }
        module = nil
      }
    }
    return opened
  }

  private static func sign(_ keys: TokenKeys, _ token: Token) async throws -> KeySignature {
    try await keys.key(identifier: token.identifier).sign([1, 2, 3] as [UInt8])
  }

  /// Everything that a connection can do.
  ///
  /// - Returns: the names of the keys that were made.
  private func use(_ keys: TokenKeys, _ run: inout Run) async throws -> [String] {
    let token = run.token
    var names: [String] = []
    var kept: TokenKey?
    await run.step("list", isRepeatable: true) {
      let found = try await keys.keys()
      guard found.map(\.name) == ["kept"] else { throw Wrong("keys: \(found)") }
      kept = found[0]
    }
    await run.step("sign", isRepeatable: true) { _ = try await Self.sign(keys, token) }
    if let kept {
      await run.step("sign again", isRepeatable: true) { _ = try await kept.sign([4, 5, 6] as [UInt8]) }
      await run.step("store", isRepeatable: false) { try await keys.store(token.certificate, for: kept) }
      await run.step("read certificates", isRepeatable: true) {
        guard try await keys.certificates(of: kept).count <= 1 else { throw Wrong("stored twice") }
      }
    }
    // Where the identifier is set after the generation, that is one call more.
    let choosing = TokenDialect("test", [.init(explanation: "it chooses", change: .leaveOutIdentifier)])
    let dialect = function == .C_SetAttributeValue ? choosing : keys.token.dialect
    for (name, policy) in [("new", KeyPolicy.nonExportableSigning), ("refused", Self.strict)] {
      await run.step("generate \(name)", isRepeatable: false, leaves: name) {
        do {
          let key = try await keys.generate(.ecdsaP256, named: name, policy: policy, dialect: dialect)
          if policy == Self.strict { throw Wrong("the policy was not held") }
          names.append(name)
          _ = key
        } catch let error as TokenKeysError where error.rule == .notCopyable && error.code == .ruleRefused {}
      }
    }
    return names
  }

  /// With the fault gone: nothing was left open, nothing was lost, and nothing is there that nobody was told of.
  private func inspect(_ run: inout Run, _ made: [String]) async throws {
    let token = run.token
    let module = try Module(path: token.fault.path)
    let keys = try await Self.connect(module, folder)
    let names = try await keys.keys().map(\.name)
    for name in made where !names.contains(name) { run.cell.violations.append("\(name) is lost") }
    for name in names where name != "kept" && !made.contains(name) && !run.told.contains(name) {
      run.cell.violations.append("\(name) was left, and nobody was told")
    }
    if names.contains("kept") { _ = try await Self.sign(keys, token) } else { run.cell.violations.append("the key of before is lost") }
    try await keys.perform(isRepeatable: true) { connection in
      try connection.writing { session in
        for object in try session.findObjects(matching: []) {
          let values = try session.attributes([.objectClass, .label], of: object)
          let isCertificate = try values.unsignedLong(.objectClass) == ObjectClass.certificate.rawValue
          let isKept = values.string(.label) == "kept" && !isCertificate
          if !isKept { try session.destroyObject(object) }
        }
      }
    }
    try await keys.close()
    try module.finalize()
  }
}

extension TokenKeys {
  /// How many sessions the token has open. The module may have been initialised anew since the token was chosen.
  fileprivate var openSessionCount: Int? {
    get throws { try Module(path: token.module.path).tokens().first?.sessionCount }
  }
}

private struct Wrong: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The steps of one cell, each held against the verdict.
private struct Run {
  let function: CryptokiFunction
  let token: FaultMatrixBench.Token
  var cell: FaultCell
  /// Names of keys that an error said may be left.
  var told: Set<String> = []
  private var isArmed = false
  /// The login was refused for good.
  private var isRefused = false
  private var line: FaultLine?

  init(function: CryptokiFunction, token: FaultMatrixBench.Token, cell: FaultCell) {
    self.function = function
    self.token = token
    self.cell = cell
  }

  mutating func arm(_ line: FaultLine) throws { try token.fault.add(line) }

  mutating func disarm() throws { try token.fault.script([.hideAttribute("CKA_COPYABLE")]) }

  private var verdict: Recovery { CallAdvice(cell.code, from: function).recovery }
  private var isMendable: Bool { ![.operatorAction, .permanent].contains(verdict) }

  private var hits: Int { token.fault.count(of: function.name, answering: cell.code.rawValue) }

  /// - Parameters:
  ///   - isRepeatable: it changes nothing, so what can be mended must be.
  ///   - leaves: the name of what it may leave when it says so.
  mutating func step(_ name: String, isRepeatable: Bool, leaves: String? = nil, _ body: () async throws -> Void) async {
    let before = hits
    var failure: (any Error)?
    do { try await body() } catch { failure = error }
    let isHit = hits > before
    if isHit { cell.isHit = true }
    guard let failure else {
      // What a probe is answered stands in its record.
      if function == .C_CreateObject, leaves != nil { return }
      if isHit, cell.time != .later, cell.time != .after, cell.time != .first, !isOverlooked { wrong(name, "was not told of the fault") }
      if isHit, !isMendable, !isOverlooked { wrong(name, "went on after a verdict of \(verdict)") }
      return
    }
    if let leaves, "\(failure)\((failure as? TokenKeysError)?.hint ?? "")".contains("CKA_ID") { told.insert(leaves) }
    guard names(failure) else { return wrong(name, "failed with another error: \(failure)") }
    if !isHit, !isRefused { wrong(name, "failed without a fault: \(failure)") }
    if function == .C_Login, !isMendable { isRefused = true }
    let isTransient = [.first, .later, .after].contains(cell.time)
    if isRepeatable, isTransient, isMendable, !isOverlooked { wrong(name, "was not mended: \(failure)") }
    if let error = failure as? PKCS11Error, error.function == function.name, error.returnValue == cell.code, error.recovery != verdict {
      wrong(name, "has the verdict \(error.recovery) and not \(verdict)")
    }
  }

  private mutating func wrong(_ step: String, _ what: String) { cell.violations.append("\(step) \(what)") }

  /// What is of no consequence, or is got along with in another way.
  private var isOverlooked: Bool {
    switch function {
    case .C_CloseSession, .C_Finalize: true
    case .C_OpenSession: cell.code == .sessionCount
    case .C_Login: cell.time == .ever
    // As well; a session key that cannot be destroyed goes with its session.
    case .C_CopyObject, .C_GenerateKey, .C_WrapKey, .C_DestroyObject: true
    default: false
    }
  }

  /// Whether an error is about this fault.
  private func names(_ error: any Error) -> Bool {
    if let error = error as? PKCS11Error {
      if error.function == function.name, error.returnValue == cell.code { return true }
      // That there is no token is told by a name of its own.
      if function == .C_GetTokenInfo, [.tokenNotPresent, .deviceRemoved].contains(cell.code), error.rule == .tokenPresent { return true }
      return false
    }
    guard let error = error as? TokenKeysError else { return false }
    return error.underlying.map(names) ?? false || error.message.contains("\(cell.code) from \(function.name)")
  }
}
