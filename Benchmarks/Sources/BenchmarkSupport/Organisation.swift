public import Foundation

/// An organisation with many certificates, its token, and a certificate service to itself.
public struct Organisation {
  /// Where its configuration and state are.
  public let folder: URL
  /// The tool that it uses.
  public let tool: BuiltProgram
  private let simulator: Process
  private let names: [String]

  private static let customer = "0123456-7"
  private static let password = "kT7vWq2mXz9rLp4s"

  /// Starts the service and writes the configuration.
  public init(certificates count: Int, _ softHSM: ScratchSoftHSM) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "hsmkey-renewals-\(UUID().uuidString)")
    let names = (0..<count).map { "certificate-\($0)" }
    tool = try BuiltProgram("hsmkey")
    (self.folder, self.names) = (folder, names)
    let files = FileManager.default
    try files.createDirectory(
      at: folder.appending(path: "trust"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    func write(_ text: String, _ name: String) throws {
      let path = folder.appending(path: name).path
      guard files.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]) else {
        throw BenchmarkFailure("\(path) cannot be written")
      }
    }
    try write(Self.password, "transfer-password")
    try write(names.indices.map { "\(Self.customer):\(Self.transferID($0)):\(Self.password)\n" }.joined(), "credentials")
    // Within the window from the first day on.
    let program = try BuiltProgram("certificate-service-simulator")
    simulator = try program.start(
      [
        "--folder", "trust", "--port-file", "port", "--not-ready-for", "0", "--certificate-lifetime", "45", "--transfer-file",
        "credentials",
      ], in: folder
    ).process
    var port: String?
    while port == nil {
      guard simulator.isRunning else { throw BenchmarkFailure("the simulator has ended") }
      Thread.sleep(forTimeInterval: 0.05)
      port = try? String(contentsOf: folder.appending(path: "port"), encoding: .utf8).trimmingCharacters(in: .newlines)
    }
    let certificates = names.map { "  \($0): {customer-id: \(Self.customer), customer-name: Ab Demo Oy, certificate-file: \($0).pem}\n" }
    try write(
      """
      token: {module: \(softHSM.modulePath), uri: "pkcs11:token=\(ScratchSoftHSM.label)", pin-source: "file:\(softHSM.pinFile)"}
      state: state/state.sqlite
      renewal-spread: 0s
      service:
        environment: test
        endpoint: http://127.0.0.1:\(port ?? "")/2017/10/CertificateServices
        plain-http-to-loopback: true
        response-ca: [trust/services-root.pem, trust/services-chain.pem]
        issuer-ca: [trust/providers-root.pem, trust/providers-chain.pem]
        first-wait: 0s
        poll-interval: 1s
      certificates:
      \(certificates.joined())
      """, "hsmkey.yaml")
  }

  private static func transferID(_ number: Int) -> String { String(format: "%032d", number) }

  /// The first certificate for the first so many names, or for every one. Not measured.
  public func enrol(_ count: Int? = nil) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, name) in names.prefix(count ?? names.count).enumerated() {
        if number >= 4 { try await group.next() }
        group.addTask { [tool, folder] in
          try tool.run(
            [
              "certificate", "enrol", name, "--transfer-id", Self.transferID(number), "--transfer-password-source",
              "file:transfer-password", "--json",
            ], in: folder)
        }
      }
      try await group.waitForAll()
    }
  }

  /// The next certificate for every name, by one run of the tool.
  public func renewAll() throws {
    struct Answer: Decodable { let renewed: [Certificate] }
    struct Certificate: Decodable { let name: String }
    let answer = try JSONDecoder().decode(Answer.self, from: try tool.run(["certificate", "renew", "--due", "--json"], in: folder))
    guard answer.renewed.count == names.count else { throw BenchmarkFailure("\(answer.renewed.count) of \(names.count) were renewed") }
  }

  /// Ends the service and removes the folder.
  public func close() {
    if simulator.isRunning {
      simulator.terminate()
      simulator.waitUntilExit()
    }
    try? FileManager.default.removeItem(at: folder)
  }
}
