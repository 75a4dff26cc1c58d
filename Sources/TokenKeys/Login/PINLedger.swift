import Crypto
import Foundation
import Secrets

/// The memory of one PIN of one token: its record, its lock and the key of its digests.
struct PINLedger: Sendable {
  let folder: OwnerOnlyFolder
  let token: TokenIdentity
  let owner: PINOwner
  let patience: Duration

  private var recordName: String { "\(token.fileName).\(owner == .user ? "user" : "security-officer")" }
  private static let keyName = "digest-key"
  private static let keySize = 32

  /// What is remembered. Without the lock, a try of another process may be under way.
  ///
  /// - Throws: ``TokenKeysError`` with ``KeyRule/pinMemory`` for a file that is not exactly as it was written.
  func record() throws -> PINRecord {
    do {
      guard let bytes = try folder.read(recordName, limit: PINRecord.sizeLimit) else { return PINRecord(token, owner) }
      guard let record = PINRecord(parsing: bytes, token, owner) else {
        throw Self.unusable("the memory of refused PINs is damaged: \(folder.path)/\(recordName) is not as it was written")
      }
      return record
    } catch let error as SecretError {
      throw Self.unusable(error)
    }
  }

  /// Writes what is to be remembered, synced; nothing is a file that is not there. Hold the lock.
  func save(_ record: PINRecord) throws {
    do {
      if record.isEmpty { try folder.remove(recordName) } else { try folder.write(Array(record.text.utf8), to: recordName) }
    } catch {
      throw Self.unusable(error)
    }
  }

  /// Waits for the token's turn: one process at a time tries a PIN of a token or changes what is remembered of it.
  ///
  /// - Throws: ``TokenKeysError`` with ``KeyRule/pinOneAtATime`` when patience ended, or ``KeyRule/pinMemory``.
  func lock(operation: String) throws -> FolderLock {
    do {
      if let lock = try folder.lock("\(token.fileName).lock", waiting: patience) { return lock }
    } catch {
      throw Self.unusable(error)
    }
    throw TokenKeysError(
      .pinBusy, rule: .pinOneAtATime, operation: operation,
      message: "another process has been logging in to this token for \(patience.components.seconds) s",
      hint: "somebody may be at the device's own pad; wait for that process to end, then run this again")
  }

  /// Changes the record under the lock.
  ///
  /// - Parameter change: gets what is remembered, `nil` when that is damaged; gives what is to be, `nil` for nothing.
  func changing(_ change: (PINRecord?) throws -> PINRecord?) throws {
    let lock = try lock(operation: "change what is remembered of token \(token.label)")
    defer { lock.release() }
    try save(try change(try? record().settled()) ?? PINRecord(token, owner))
  }

  /// How a PIN is remembered.
  func digest(of pin: borrowing SecretBytes) throws -> PINDigest {
    let key = try key()
    var code = HMAC<SHA256>(key: SymmetricKey(data: key))
    code.update(data: Array("hsmkey PIN \(owner.rawValue)\0".utf8) + token.bytes)
    // Byte by byte, so that no copy of the PIN is left in an array.
    pin.withBytes { bytes in
      for index in bytes.indices { code.update(data: repeatElement(bytes[index], count: 1)) }
    }
    return PINDigest(digits: code.finalize().hexadecimal, key: Self.name(of: key))
  }

  /// The key of this memory's digests, made at its first use.
  private func key() throws -> [UInt8] {
    do {
      if let key = try readKey() { return key }
      guard let lock = try folder.lock("\(Self.keyName).lock", waiting: patience) else {
        throw Self.unusable("another process holds the lock of \(folder.path)/\(Self.keyName)")
      }
      defer { lock.release() }
      if let key = try readKey() { return key }
      var random = SystemRandomNumberGenerator()
      let key = (0..<Self.keySize).map { _ in UInt8.random(in: 0...255, using: &random) }
      try folder.write(key, to: Self.keyName)
      return key
    } catch let error as SecretError {
      throw Self.unusable(error)
    }
  }

  private func readKey() throws -> [UInt8]? {
    guard let key = try folder.read(Self.keyName, limit: 1024) else { return nil }
    guard key.count == Self.keySize else {
      throw Self.unusable(
        "the key of the memory of refused PINs is damaged: \(folder.path)/\(Self.keyName) does not have \(Self.keySize) bytes")
    }
    return key
  }

  private static func name(of key: [UInt8]) -> String {
    SHA256.hash(data: Array("hsmkey PIN memory key\0".utf8) + key).prefix(8).hexadecimal
  }

  static func unusable(_ error: any Error) -> TokenKeysError {
    guard let error = error as? SecretError else { return error as? TokenKeysError ?? unusable("\(error)") }
    return TokenKeysError(
      .pinMemory, rule: .pinMemory, operation: "use the memory of refused PINs",
      message: "the memory of refused PINs cannot be used: \(error.operation): \(error.message)", hint: error.hint, underlying: error)
  }

  static func unusable(_ message: String) -> TokenKeysError {
    TokenKeysError(.pinMemory, rule: .pinMemory, operation: "use the memory of refused PINs", message: message)
  }
}
