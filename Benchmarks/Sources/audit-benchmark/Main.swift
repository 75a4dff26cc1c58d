import BenchmarkSupport
import CPlainLoop
import Foundation
import KeyEvidence
import PKCS11
import Secrets
import TokenKeys

/// Reads all of a SoftHSM token for an inventory, judges every private key and reviews the whole, beside a C program that searches once and
/// reads the same attributes with one call an object, and throws them away.
///
/// Usage: `audit-benchmark [rounds] [keys]`. It makes tokens in folders of its own and removes them afterwards.
@main
struct AuditBenchmark {
  private static let target = 1.3

  static func main() async throws {
    var arguments = CommandLine.arguments.dropFirst()
    if arguments.first == "--memory" { return try await Memory.tell() }
    let rounds = arguments.popFirst().flatMap { Int($0) } ?? 15
    let count = arguments.popFirst().flatMap { Int($0) } ?? 1000
    let few = try Memory.measure(keys: count / 10)
    let softHSM = try ScratchSoftHSM()
    defer { softHSM.remove() }
    let module = try Module(path: softHSM.modulePath)
    let token = try module.token(matching: PKCS11URI(label: ScratchSoftHSM.label))
    var session = try token.openSession(.readWrite)
    try session.login(.user, pin: SecretBytes(copying: [UInt8](ScratchSoftHSM.pin.utf8)))
    try makeKeys(count, in: &session)
    let many = try Memory.measureAgain()
    let keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:\(softHSM.pinFile)"))
    let ((plainRate, ourRate, ratio), processorRatio) = try await compare(token, keys, count, rounds: rounds)
    try await keys.close()
    try session.close()
    print("\(module.information.libraryDescription) \(module.information.libraryVersion), \(rounds) rounds each, in turns")
    print(
      "\(count) keys: C \(decimal(1000 / plainRate)) ms, audit \(decimal(1000 / ourRate)) ms, takes \(decimal(1 / ratio)) of C "
        + "(target \(target)); of processor time \(decimal(processorRatio))")
    print(
      "memory at most, beyond what the C reading in the same process takes: \(few) KiB for \(count / 10) keys, \(many) KiB for \(count)")
    try module.finalize()
    guard 1 / ratio <= target else {
      softHSM.remove()
      exit(1)
    }
  }

  /// The rates, and beside them the ratio of processor time: other programs do not change that one much.
  private static func compare(
    _ token: Token, _ keys: TokenKeys, _ count: Int, rounds: Int
  ) async throws -> (rates: (plain: Double, ours: Double, ratio: Double), processorRatio: Double) {
    let plain = try PlainReading(token)
    var processorTimes: (plain: [Double], ours: [Double]) = ([], [])
    let rates = try await Measuring.compare(rounds: rounds) {
      let start = try processorTime()
      defer { if let end = try? processorTime() { processorTimes.plain.append(end - start) } }
      return try await Measuring.rate(1) { try plain.read(expecting: 2 * count) }
    } ours: {
      let start = try processorTime()
      defer { if let end = try? processorTime() { processorTimes.ours.append(end - start) } }
      return try await Measuring.rate(1) {
        let inventory = try await keys.inventory(madeBy: "audit-benchmark")
        let review = InventoryReview(inventory, at: inventory.madeAt)
        guard inventory.keys.count == count, inventory.unreadable.isEmpty, !review.findings.isEmpty else {
          throw BenchmarkFailure("the inventory has \(inventory.keys.count) keys, and \(inventory.unreadable.count) that are unreadable")
        }
      }
    }
    return (rates, Measuring.median(zip(processorTimes.ours, processorTimes.plain).map { $0 / $1 }))
  }

  /// What this process has had of the processors, in seconds.
  private static func processorTime() throws -> Double {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { throw BenchmarkFailure("there is no processor clock") }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func makeKeys(_ count: Int, in session: inout Session) throws {
    let curve: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
    for number in 0..<count {
      let identifier = [UInt8(number >> 8), UInt8(number & 0xFF)] + [UInt8](repeating: 1, count: 18)
      let common = [Attribute(.token, true), Attribute(.label, "key \(number)"), Attribute(.id, identifier)]
      _ = try session.generateKeyPair(
        .ecKeyPairGeneration, publicKey: common + [Attribute(.ecParameters, curve), Attribute(.isPrivate, false)],
        privateKey: common + [
          Attribute(.sensitive, true), Attribute(.extractable, false), Attribute(.isPrivate, true), Attribute(.copyable, false),
          Attribute(.sign, true), Attribute(.decrypt, false), Attribute(.unwrap, false), Attribute(.signRecover, false),
          Attribute(.derive, false),
        ])
    }
  }

  private static func decimal(_ value: Double) -> String { String(format: "%.2f", value) }
}

/// The same attributes, read by a program in C.
@safe struct PlainReading: @unchecked Sendable {
  // Checked by hand: one thread at a time reads.
  private let loop: OpaquePointer
  private let types: [UInt]
  private let rooms: [UInt]

  init(_ token: Token) throws {
    guard let loop = unsafe PlainLoopOpen(token.module.path, token.slot.identifier) else { throw BenchmarkFailure("no session for C") }
    unsafe self.loop = loop
    types = TokenKeys.inventoryAttributes.rooms.map(\.type.rawValue)
    rooms = TokenKeys.inventoryAttributes.rooms.map { UInt($0.byteCount) }
  }

  func read(expecting count: Int) throws {
    var seen: UInt = 0
    let answer = unsafe PlainLoopReadAll(loop, types, rooms, UInt(types.count), &seen)
    guard answer == 0, seen == count else {
      throw BenchmarkFailure("the C loop read \(seen) objects: \(ReturnValue(rawValue: answer))")
    }
  }
}
