import BenchmarkSupport
import Foundation
import KeyEvidence
import PKCS11
import Secrets
import TokenKeys

/// How much memory an audit takes, measured in a process of its own: the most that a process has had is never less again.
///
/// SoftHSM keeps every object of a token in memory, whoever reads it. So the same process has C read everything first, and what comes on
/// top of that is the audit's.
enum Memory {
  private static let tokenVariable = "AUDIT_BENCHMARK_MODULE"

  /// Makes a token with so many keys in another process, which tells what an audit of it takes, in KiB.
  static func measure(keys count: Int) throws -> Int { try run(["AUDIT_BENCHMARK_KEYS": "\(count)"]) }

  /// The same of the token that this process has made.
  static func measureAgain() throws -> Int { try run([:]) }

  private static func run(_ environment: [String: String]) throws -> Int {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["--memory"]
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0, let figure = Int(text.split(separator: "\n").last ?? "") else {
      throw BenchmarkFailure("the process that measures memory said: \(text)")
    }
    return figure
  }

  /// In that process: tells the figure.
  static func tell() async throws {
    let wanted = ProcessInfo.processInfo.environment["AUDIT_BENCHMARK_KEYS"].flatMap { Int($0) }
    let made = try wanted.map { _ in try ScratchSoftHSM() }
    defer { made?.remove() }
    let path = try made?.modulePath ?? ScratchSoftHSM.findModule()
    let module = try Module(path: path)
    let token = try module.token(matching: PKCS11URI(label: ScratchSoftHSM.label))
    var session = try token.openSession(.readWrite)
    try session.login(.user, pin: SecretBytes(copying: [UInt8](ScratchSoftHSM.pin.utf8)))
    if let wanted { try AuditBenchmark.makeKeys(wanted, in: &session) }
    let count = try session.findObjects(matching: []).count
    try PlainReading(token).read(expecting: count)
    let before = try peak()
    let inventory = try token.publicInventory(madeBy: "audit-benchmark")
    guard inventory.keys.count * 2 == count else { throw BenchmarkFailure("an inventory of \(inventory.keys.count) keys") }
    let figure = try peak() - before
    try session.close()
    try module.finalize()
    made?.remove()
    print(figure)
  }

  /// The most memory that this process has had, in KiB.
  private static func peak() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let figure = Int(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1])
    else { throw BenchmarkFailure("/proc/self/status says nothing of VmHWM") }
    return figure
  }
}
