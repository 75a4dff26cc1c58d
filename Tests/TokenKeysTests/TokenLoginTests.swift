import Foundation
import PKCS11
import Secrets
import Synchronization
import TestSupport
import Testing

@testable import TokenKeys

/// A login on a fresh token, with a memory of its own.
private struct LoginBench: Sendable {
  let bench: TokenKeysBench
  let memory: PINMemory

  init() throws {
    bench = try TokenKeysBench()
    memory = PINMemory(folder: bench.folder.path("pins"), patience: .seconds(60))
  }

  func login(_ name: String = "pin", isAttended: Bool? = nil, asked: Asked? = nil) throws -> TokenLogin {
    var login = try TokenLogin(token: bench.token, pin: bench.source(name), memory: memory, isAttended: isAttended)
    login.confirm = { lines in
      asked?.lines.withLock { $0.append(lines) }
      return asked?.answer ?? false
    }
    return login
  }

  /// Logs in in a session of its own, which ends the login again.
  @discardableResult
  func run(_ login: TokenLogin) throws -> [LoginNotice] {
    var session = try bench.token.openSession(.readOnly)
    return try login.logIn(&session)
  }

  var ledger: PINLedger {
    get throws { try memory.ledger(TokenIdentity(bench.token), .user) }
  }

  var recordFile: String { "pins/" + TokenIdentity(bench.token).fileName + ".user" }
}

/// What a person was asked.
private final class Asked: Sendable {
  let lines = Mutex<[[String]]>([])
  let answer: Bool
  init(_ answer: Bool) { self.answer = answer }
}

/// How often `C_Login` was called while this listens.
private final class LoginCounter: Sendable {
  private let count = Atomic<Int>(0)
  private let registration = Mutex<CallTrace.Registration?>(nil)

  init(_ token: Token) {
    let module = token.module.path
    let registered = CallTrace.add { [self] call in
      if call.function == "C_Login", call.module == module { count.add(1, ordering: .relaxed) }
    }
    registration.withLock { $0 = registered }
  }

  func take() -> Int { count.exchange(0, ordering: .relaxed) }
  func end() {
    if let registered = registration.withLock({ $0.take() }) { CallTrace.remove(registered) }
  }
}

@Suite(
  "Logging in", .serialized, .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct TokenLoginTests {
  @Test("A wrong PIN is tried once; after that it is refused unattended, by name and with the way out")
  func once() throws {
    let bench = try LoginBench()
    let first = try #require(throws: PKCS11Error.self) { try bench.run(bench.login("wrong-pin")) }
    #expect(first.returnValue == .pinIncorrect)
    let wayOut = "hsmkey token check-pin --pin-memory \(try #require(bench.memory.folder))"
    #expect(first.hint?.contains(wayOut) == true)
    for _ in 0..<3 {
      let error = try #require(throws: TokenKeysError.self) { try bench.run(bench.login("wrong-pin")) }
      // The token's flag says that a wrong PIN was entered; the memory says that it was this one.
      #expect(error.rule == .pinCountLow || error.rule == .pinRefusedBefore)
      #expect(error.code == .pinGuarded)
      #expect(error.hint?.contains(wayOut) == true)
    }
    let state = try bench.memory.state(of: bench.bench.token)
    #expect(state.failureCount == 1)
    #expect(state.refusedPINCount == 1)
    #expect(state.isUnattendedUsePossible)
    #expect(try bench.memory.state(of: bench.bench.token, .securityOfficer).failureCount == 0)
    try bench.memory.forget(bench.bench.token)
    #expect(try bench.memory.state(of: bench.bench.token).refusedPINCount == 0)
  }

  @Test("PIN-COUNT-LOW, PIN-REFUSED-BEFORE: a person is asked, in words, and a no is a no")
  func consent() throws {
    let bench = try LoginBench()
    #expect(throws: PKCS11Error.self) { try bench.run(bench.login("wrong-pin")) }
    let no = Asked(false)
    let error = try #require(throws: TokenKeysError.self) { try bench.run(bench.login("wrong-pin", isAttended: true, asked: no)) }
    #expect(error.rule == .pinCountLow)
    #expect(try bench.ledger.record().failureCount == 1)

    let yes = Asked(true)
    #expect(throws: PKCS11Error.self) { try bench.run(bench.login("wrong-pin", isAttended: true, asked: yes)) }
    let questions = yes.lines.withLock { $0.map { $0.joined(separator: " ") } }
    #expect(questions.count == 2, "\(questions)")
    #expect(questions.first?.contains("a wrong user PIN was entered since the last right one") == true)
    #expect(questions.last?.contains("This user PIN was refused on") == true)
    #expect(try bench.ledger.record().failureCount == 2)

    let third = Asked(true)
    try bench.run(bench.login(isAttended: true, asked: third))
    #expect(third.lines.withLock { $0 }.joined().joined().contains("was tried 2 times without success"))
    #expect(try bench.ledger.record().failureCount == 0)
    try bench.run(bench.login())
  }

  @Test("A success clears the count and leaves nothing behind but a stored PIN that was refused")
  func success() throws {
    let bench = try LoginBench()
    #expect(throws: PKCS11Error.self) { try bench.run(bench.login("wrong-pin")) }
    try bench.run(bench.login(isAttended: true, asked: Asked(true)))
    try bench.run(bench.login())
    let error = try #require(throws: TokenKeysError.self) { try bench.run(bench.login("wrong-pin")) }
    #expect(error.rule == .pinRefusedBefore)
    #expect(error.message.contains("CKR_PIN_INCORRECT"))
  }

  @Test("Logged in already: no PIN is read, none is tried, and nothing is remembered of it")
  func already() throws {
    let bench = try LoginBench()
    var session = try bench.bench.session()
    try bench.run(bench.login("missing"))
    #expect(try session.isUserLoggedIn())
  }

  @Test("PIN-OWN-COUNT: two tries of unknown outcome stop unattended use; the first does not")
  func uncertain() throws {
    let bench = try LoginBench()
    for count in 0...2 {
      if count > 0 {
        // What a process leaves that was killed in the middle of C_Login.
        let ledger = try bench.ledger
        let lock = try ledger.lock(operation: "test")
        try ledger.save(ledger.record().settled().trying(at: Date(timeIntervalSince1970: 1_800_000_000)))
        lock.release()
      }
      if count < 2 {
        try #require(throws: SecretError.self) { try bench.run(bench.login("missing")) }
        #expect(try bench.ledger.record().pending != nil || count == 0)
      }
    }
    let error = try #require(throws: TokenKeysError.self) { try bench.run(bench.login()) }
    #expect(error.rule == .pinOwnCount)
    #expect(error.message.contains("2 times"))
    try bench.run(bench.login(isAttended: true, asked: Asked(true)))
    try bench.run(bench.login())
  }

  @Test("PIN-MEMORY: what is damaged, somebody else's, open to others or no folder refuses in unattended use and says what is wrong")
  func unusable() throws {
    let bench = try LoginBench()
    let folder = bench.bench.folder
    #expect(throws: PKCS11Error.self) { try bench.run(bench.login("wrong-pin")) }
    let good = try #require(FileManager.default.contents(atPath: folder.path(bench.recordFile)))
    func refusal(_ message: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
      let error = try #require(throws: TokenKeysError.self, sourceLocation: sourceLocation) { try bench.run(bench.login()) }
      #expect(error.rule == .pinMemory, sourceLocation: sourceLocation)
      #expect(error.message.contains(message), "\(error.message)", sourceLocation: sourceLocation)
    }
    try folder.write(good.dropLast(), to: bench.recordFile)
    try refusal("is not as it was written")
    try folder.write([UInt8](repeating: 65, count: 20_000), to: bench.recordFile)
    try refusal("longer than")
    try folder.write(good, to: bench.recordFile)
    try folder.setMode(0o644, of: bench.recordFile)
    try refusal("permissions let other users at it")
    try FileManager.default.removeItem(atPath: folder.path(bench.recordFile))
    try folder.write(good, to: "elsewhere")
    try folder.makeLink(bench.recordFile, to: "elsewhere")
    try refusal("symbolic link")
    try FileManager.default.removeItem(atPath: folder.path(bench.recordFile))
    try folder.setMode(0o755, of: "pins")
    try refusal("permissions let other users at it")
    try folder.setMode(0o700, of: "pins")
    try bench.run(bench.login(isAttended: true, asked: Asked(true)))
    try folder.write([1, 2, 3], to: "pins/digest-key")
    try refusal("does not have 32 bytes")
    try FileManager.default.removeItem(atPath: folder.path("pins"))
    try folder.write([], to: "pins")
    try refusal("no folder")
    try FileManager.default.removeItem(atPath: folder.path("pins"))
    try folder.makeLink("pins", to: "elsewhere-folder")
    try refusal("cannot be")
  }

  @Test("PIN-MEMORY: a folder of another user is refused", .enabled(if: geteuid() == 0, "only root can give a folder away"))
  func foreign() throws {
    let bench = try LoginBench()
    try bench.run(bench.login())
    try bench.bench.folder.giveAway("pins")
    let error = try #require(throws: TokenKeysError.self) { try bench.run(bench.login()) }
    #expect(error.rule == .pinMemory)
    #expect(error.message.contains("belongs to user 65534"))
  }

  @Test("A person can go on with a damaged record, which a success mends")
  func mended() throws {
    let bench = try LoginBench()
    #expect(throws: PKCS11Error.self) { try bench.run(bench.login("wrong-pin")) }
    try bench.bench.folder.write("rubbish".utf8, to: bench.recordFile)
    let asked = Asked(true)
    try bench.run(bench.login(isAttended: true, asked: asked))
    #expect(asked.lines.withLock { $0 }.joined().joined().contains("is damaged"))
    try bench.run(bench.login())
  }

  @Test("When the key of the digests is lost, a stored PIN that was refused is not tried: nobody can tell whether it is this one")
  func lostKey() throws {
    let bench = try LoginBench()
    #expect(throws: PKCS11Error.self) { try bench.run(bench.login("wrong-pin")) }
    try bench.run(bench.login(isAttended: true, asked: Asked(true)))
    try FileManager.default.removeItem(atPath: bench.bench.folder.path("pins/digest-key"))
    let error = try #require(throws: TokenKeysError.self) { try bench.run(bench.login("wrong-pin")) }
    #expect(error.rule == .pinRefusedBefore)
    #expect(error.message.contains("the key that would tell"))
  }

  @Test("PIN-ONE-AT-A-TIME: who waits too long for another process is told so, and no PIN is tried")
  func busy() throws {
    let bench = try LoginBench()
    let lock = try bench.ledger.lock(operation: "test")
    defer { lock.release() }
    var login = try bench.login()
    login = TokenLogin(
      token: login.token, pin: login.source, memory: PINMemory(folder: bench.bench.folder.path("pins"), patience: .milliseconds(50)))
    let error = try #require(throws: TokenKeysError.self) { try bench.run(login) }
    #expect(error.code == .pinBusy)
    #expect(error.rule == .pinOneAtATime)
    // Another token's lock is another one.
    let other = try LoginBench()
    try other.run(
      TokenLogin(
        token: other.bench.token, pin: other.bench.source(),
        memory: PINMemory(folder: bench.bench.folder.path("pins"), patience: .milliseconds(50))))
  }

  @Test("PIN-ONE-TOKEN: a stored PIN that was used for one token is not sent to another")
  func oneToken() throws {
    let (one, two) = (try LoginBench(), try LoginBench())
    try one.run(one.login())
    let login = TokenLogin(token: two.bench.token, pin: try one.bench.source(), memory: two.memory)
    let counter = LoginCounter(one.bench.token)
    defer { counter.end() }
    let error = try #require(throws: TokenKeysError.self) { try two.run(login) }
    #expect(error.rule == .pinOneToken)
    #expect(error.message.contains(one.bench.token.serialNumber))
    var session = try two.bench.token.openSession(.readOnly)
    #expect(try !session.isUserLoggedIn())
  }

  @Test("A login that was lost is had again from a source that can be read again; from another, the error says to run again")
  func again() throws {
    let bench = try LoginBench()
    let sources = ["prompt": false, "fd:3": false, "file:/x": true, "credential:x": true, "env:X": true, "protected-path": true]
    for (source, expected) in sources {
      #expect(TokenLogin(token: bench.bench.token, pin: try SecretSource(parsing: source), memory: bench.memory).canRepeat == expected)
    }
    let file = try #require(FileHandle(forReadingAtPath: bench.bench.folder.path("pin")))
    let once = TokenLogin(token: bench.bench.token, pin: try SecretSource(parsing: "fd:\(file.fileDescriptor)"), memory: bench.memory)
    let often = try bench.login()
    var session = try bench.bench.token.openSession(.readOnly)
    for login in [often, often, once] {
      try login.logIn(&session)
      let isLoggedIn = try session.isUserLoggedIn()
      #expect(isLoggedIn)
      try session.logout()
    }
    let error = try #require(throws: TokenKeysError.self) { try once.logIn(&session) }
    #expect(error.code == .loginNotRepeatable)
    #expect(error.recovery == .operatorAction)
    #expect(error.hint == "run this again, which logs in anew")
  }

  @Test("A key that wants its PIN for each use gets it each time, and a wrong one is guarded like any other")
  func alwaysAuthenticate() throws {
    let bench = try LoginBench()
    try bench.bench.makeKey(named: "each", changes: [Attribute(.alwaysAuthenticate, true)])
    var session = try bench.bench.token.openSession(.readOnly)
    try bench.login().logIn(&session)
    let key = try #require(
      try session.findObjects(matching: [Attribute(.objectClass, ObjectClass.privateKey), Attribute(.label, "each")]).first)
    for _ in 0..<2 {
      let signature = try bench.login().sign(
        [UInt8](repeating: 1, count: 32), with: .ecdsa, key: key, maximumSignatureSize: 64, in: &session)
      #expect(signature.count == 64)
    }
    var other = try bench.bench.token.openSession(.readOnly)
    let error = try #require(throws: PKCS11Error.self) {
      _ = try bench.login("wrong-pin").sign(
        [UInt8](repeating: 1, count: 32), with: .ecdsa, key: key, maximumSignatureSize: 64, in: &other)
    }
    #expect(error.returnValue == .pinIncorrect)
    #expect(try bench.ledger.record().failureCount == 1)
    #expect(throws: TokenKeysError.self) {
      _ = try bench.login().sign(
        [UInt8](repeating: 1, count: 32), with: .ecdsa, key: key, maximumSignatureSize: 64, in: &session)
    }
  }

  @Test("Neither a right nor a wrong PIN is in the memory, in no encoding")
  func secrecy() throws {
    let bench = try LoginBench()
    #expect(throws: PKCS11Error.self) { try bench.run(bench.login("wrong-pin")) }
    try bench.run(bench.login(isAttended: true, asked: Asked(true)))
    let files = try FileManager.default.contentsOfDirectory(atPath: bench.bench.folder.path("pins"))
    #expect(files.count >= 2)
    for file in files {
      let content = try #require(FileManager.default.contents(atPath: bench.bench.folder.path("pins/\(file)")))
      #expect(content.firstRange(of: Data(bench.bench.userPIN.utf8)) == nil)
    }
  }

  @Test("Where the memory is: what is named, else the service's own state folder, else root's, else the user's")
  func location() {
    func folder(_ environment: [String: String]) -> String? { PINMemory(environment: environment).folder }
    #expect(folder(["HSMKEY_PIN_MEMORY": "/m", "STATE_DIRECTORY": "/s"]) == "/m")
    func standard(_ environment: [String: String], isRoot: Bool = false) -> String? {
      PINMemory.defaultFolder(environment: environment, isRoot: isRoot)
    }
    #expect(standard(["STATE_DIRECTORY": "/var/lib/x:/var/lib/y", "HOME": "/h"]) == "/var/lib/x/pins")
    #expect(standard(["STATE_DIRECTORY": "relative", "HOME": "/h"]) == "/h/.local/state/hsmkey/pins")
    #expect(standard(["XDG_STATE_HOME": "/x", "HOME": "/h"]) == "/x/hsmkey/pins")
    #expect(standard(["HOME": "/h"], isRoot: true) == "/var/lib/hsmkey/pins")
    #expect(standard([:]) == nil)
  }
}
