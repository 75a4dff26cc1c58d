import Foundation
import ServiceSimulator
import Synchronization
import TestSupport

/// Where a campaign takes place: a certificate service, a network before it, and prepared folders that each run gets a copy of. One run
/// at a time; several grounds go side by side.
public final class Ground: Sendable {
  static let customerID = "0123456-7"
  static let password = "kT7vWq2mXz9rLp4s"
  static let pin = "73519284"
  static let name = "payroll"
  static let modulePath = SoftHSMFixture.modulePath ?? "missing"

  let folder: TemporaryFolder
  let simulator: ServiceSimulator
  /// The service of 700 days ago: what it issued is within its window today.
  private let earlier: ServiceSimulator
  let network: FaultProxy
  private let encrypted = Mutex<Encrypted?>(nil)
  private let orders = Mutex(0)

  /// TLS in front of the network, and a line before it that can be cut.
  final class Encrypted: Sendable {
    let nginx: NginxServer
    let line: CutLine
    init(upstream: Int) async throws {
      nginx = try await NginxServer(upstream: upstream)
      line = try CutLine(upstream: nginx.port)
    }
  }

  private static let keys = Result { try SimulatorKeys() }

  private init() async throws {
    folder = try TemporaryFolder()
    let trust = folder.path("trust")
    try FileManager.default.createDirectory(atPath: trust, withIntermediateDirectories: false)
    var configuration = ServiceSimulator.Configuration()
    configuration.folder = trust
    configuration.keys = try Self.keys.get()
    configuration.notReadyFor = .zero
    configuration.hangFor = .seconds(3)
    var before = configuration
    before.certificateLifetimeDays = 30
    earlier = try ServiceSimulator(before)
    let port = URL(string: try await earlier.start())?.port ?? 0
    network = try FaultProxy(upstream: port)
    configuration.port = UInt16(port)
    simulator = try ServiceSimulator(configuration)
  }

  /// Prepares a ground, works on it, and stops its service whatever happens.
  public static func with<Result>(_ body: (Ground) async throws -> Result) async throws -> Result {
    let ground = try await Ground()
    do {
      try await ground.prepare()
      let result = try await body(ground)
      await ground.stop()
      return result
    } catch {
      await ground.stop()
      throw error
    }
  }

  private func stop() async {
    await earlier.stop()
    await simulator.stop()
  }

  /// The folders to copy: a token and nothing else; the same with a certificate within its window.
  private func prepare() async throws {
    let empty = folder.url.appending(path: "enrol")
    try FileManager.default.createDirectory(
      at: empty.appending(path: "tokens"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    for (file, text) in [
      "pin": Self.pin, "so-pin": "90817263", "wrong-pin": "11112222", "transfer-password": Self.password,
    ] {
      try write("\(text)\n", to: "enrol/\(file)")
    }
    let token = try await Scene(at: empty, of: self, operation: .enrol, transferID: "")
    try await token.mustSucceed(["token", "init", Self.name, "--so-pin-source", "file:so-pin"])
    let enrolled = folder.url.appending(path: "renew")
    try FileManager.default.copyItem(at: empty, to: enrolled)
    try await earlier.addTransferCredential(customerID: Self.customerID, id: "ORDER", password: Self.password)
    let scene = try await Scene(at: enrolled, of: self, operation: .enrol, transferID: "ORDER")
    try await scene.mustSucceed(scene.command)
    try FileManager.default.removeItem(at: enrolled.appending(path: "hook"))
    // The same authorities at the same address, which issue for two years now.
    await earlier.stop()
    try await simulator.start()
  }

  private func write(_ text: String, to name: String) throws { try folder.write(text.utf8, to: name) }

  /// Orders a certificate: a transfer id that is good for one request.
  func order() async throws -> String {
    let number = orders.withLock { count in
      count += 1
      return count
    }
    let id = "ORDER-\(number)"
    try await simulator.addTransferCredential(customerID: Self.customerID, id: id, password: Self.password)
    return id
  }

  /// A fresh copy for one run.
  func scene(_ operation: Operation) async throws -> Scene {
    let place = folder.url.appending(path: "run-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: folder.url.appending(path: operation.rawValue), to: place)
    return try await Scene(at: place, of: self, operation: operation, transferID: operation == .enrol ? try await order() : "")
  }

  /// TLS in front of the service, started when it is first wanted.
  func withTLS() async throws -> Encrypted {
    if let made = encrypted.withLock(\.self) { return made }
    let made = try await Encrypted(upstream: network.port)
    encrypted.withLock { $0 = made }
    return made
  }
}
