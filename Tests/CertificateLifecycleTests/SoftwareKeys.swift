import CertificateLifecycle
import CryptoExtras
import Dispatch
import Foundation
import SwiftASN1
import Synchronization
import X509

/// Stands in for a token: keys in memory that outlive the lifecycle values that use them.
actor SoftwareKeys: LifecycleKeys {
  struct Entry: Sendable {
    let key: LifecycleKey
    var certificates: [Certificate] = []
    /// What a token would say of the key: false for one that was made and does not meet the policy.
    var isGood = true
    /// What was asked for; what is made is the same whatever that was.
    var algorithm = "rsa-2048"
  }

  private let interruptions: Interruptions
  private(set) var entries: [Entry] = []
  private(set) var generated: [String] = []
  /// The subjects of the requests that were made.
  private(set) var requested: [String] = []
  private var halfKeys: Set<String> = []
  private var nextIsBad = false
  private var number = 0
  /// Where the key with an identifier stands, and which names are taken: a year of a thousand certificates looks often.
  private var places: [String: Int] = [:]
  private var taken: Set<String> = []

  /// How many different keys there are; nil for a new one each time. They take long to make, and few tests need many.
  private let distinctKeys: Int?

  init(_ interruptions: Interruptions, distinctKeys: Int? = nil) {
    self.interruptions = interruptions
    self.distinctKeys = distinctKeys
  }

  // MARK: What tests do

  /// A key as if it had been generated long ago.
  func add(named name: String) async throws -> LifecycleKey {
    number += 1
    let identifier = String(format: "%040x", number)
    let privateKey = try await RSAKeys.key((number - 1) % (distinctKeys ?? .max))
    let key = LifecycleKey(name: name, identifier: identifier, privateKey: Certificate.PrivateKey(privateKey))
    places[key.identifier] = entries.count
    taken.insert(name)
    entries.append(Entry(key: key))
    return key
  }

  func leaveHalfAKey(named name: String) { halfKeys.insert(name) }
  func makeNextKeyBad() { nextIsBad = true }
  func certificates(of name: String) -> [Certificate] { entries.first { $0.key.name == name }?.certificates ?? [] }

  // MARK: LifecycleKeys

  func isFree(_ name: String) async throws -> Bool {
    try interruptions.step("look for the name")
    return !halfKeys.contains(name) && !taken.contains(name)
  }

  func generateKey(named name: String, algorithm: String) async throws -> LifecycleKey {
    try interruptions.step("before the key is generated")
    guard try await isFree(name) else { throw SoftwareKeysError("the name \(name) is taken") }
    let isGood = !nextIsBad
    nextIsBad = false
    let key = try await add(named: name)
    if let place = places[key.identifier] { (entries[place].isGood, entries[place].algorithm) = (isGood, algorithm) }
    generated.append(name)
    try interruptions.step("after the key is generated")
    return key
  }

  func keyLeftBehind(named name: String, algorithm: String) async throws -> LifecycleKey? {
    try interruptions.step("look for a key left behind")
    let found = taken.contains(name) ? entries.filter { $0.key.name == name } : []
    guard found.count == 1, found[0].isGood, found[0].algorithm == algorithm, !halfKeys.contains(name) else { return nil }
    return found[0].key
  }

  func key(identifier: String) async throws -> LifecycleKey {
    try interruptions.step("look up a key")
    return try entry(identifier).key
  }

  func certificateRequest(for key: LifecycleKey, subject: DistinguishedName) async throws -> [UInt8] {
    try interruptions.step("before the request is made")
    requested.append("\(subject)")
    let request = try CertificateSigningRequest(
      version: .v1, subject: subject, privateKey: key.privateKey, attributes: .init(), signatureAlgorithm: .sha256WithRSAEncryption)
    var serializer = DER.Serializer()
    try serializer.serialize(request)
    try interruptions.step("after the request is made")
    return serializer.serializedBytes
  }

  func store(_ certificate: Certificate, for key: LifecycleKey) async throws {
    try interruptions.step("before the certificate is stored")
    guard certificate.publicKey == key.privateKey.publicKey, let index = places[key.identifier]
    else { throw SoftwareKeysError("the certificate is for another key") }
    if !entries[index].certificates.contains(certificate) { entries[index].certificates.append(certificate) }
    try interruptions.step("after the certificate is stored")
  }

  func destroyKey(identifier: String) async throws {
    try interruptions.step("before the key is destroyed")
    entries.removeAll { $0.key.identifier == identifier }
    places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($0.element.key.identifier, $0.offset) })
    taken = Set(entries.map(\.key.name))
    try interruptions.step("after the key is destroyed")
  }

  private func entry(_ identifier: String) throws -> Entry {
    guard let place = places[identifier] else { throw SoftwareKeysError("no key \(identifier)") }
    return entries[place]
  }
}

struct SoftwareKeysError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// RSA keys take long to make, so all tests share them: the first key of every test is the same, and the second.
///
/// They are made on a thread of their own: simulators answer on the few threads that all tests share, and must not wait for a key.
enum RSAKeys {
  private static let made = Mutex<[Int: Task<_RSA.Signing.PrivateKey, any Error>]>([:])
  private static let thread = DispatchQueue(label: "RSA keys for tests")

  static func key(_ number: Int) async throws -> _RSA.Signing.PrivateKey {
    let task = made.withLock { made in
      let task = made[number] ?? Task { try await make() }
      made[number] = task
      return task
    }
    return try await task.value
  }

  private static func make() async throws -> _RSA.Signing.PrivateKey {
    try await withCheckedThrowingContinuation { continuation in
      thread.async { continuation.resume(with: Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }) }
    }
  }
}

/// Cuts a run off at one of its steps, as if the process had ended there: every later step of the same process fails too.
final class Interruptions: Sendable {
  struct Interrupted: Error { let step: String }

  private struct State {
    var stepsUntilInterruption: Int?
    var named: String?
    var diedAt: String?
    var steps: [String] = []
  }

  private let state = Mutex(State())

  /// The step at which the last run was cut off.
  var lastStep: String? { state.withLock { $0.diedAt } }

  /// The step with this number, from now on, is the last one.
  func interrupt(atStep number: Int) { state.withLock { $0.stepsUntilInterruption = number } }

  /// The next step with this name is the last one.
  func interrupt(at name: String) { state.withLock { $0.named = name } }

  /// A new process, which knows nothing of the one before.
  func startProcess() { state.withLock { $0.diedAt = nil } }

  func step(_ name: String) throws {
    try state.withLock { state in
      if let diedAt = state.diedAt { throw Interrupted(step: diedAt) }
      state.stepsUntilInterruption = state.stepsUntilInterruption.map { $0 - 1 }
      guard state.named == name || state.stepsUntilInterruption == 0 else { return }
      (state.named, state.stepsUntilInterruption, state.diedAt) = (nil, nil, name)
      throw Interrupted(step: name)
    }
  }

  /// Whether an interruption that was asked for has not come.
  var isStillToCome: Bool { state.withLock { $0.stepsUntilInterruption != nil || $0.named != nil } }
}
