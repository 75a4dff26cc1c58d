import CertificateService
import Crypto
import Foundation
import HTTPSTransport
import Secrets
import Synchronization
import SystemPackage

extension CommandContext {
  /// What is asked of revocation lists, as configured.
  func revocationCheck() throws -> RevocationCheck {
    let service = settings.file.service
    guard let mode = service.revocation.map(RevocationCheck.Mode.init(rawValue:)), mode != .off else { return .off }
    let lists = RevocationLists(try (service.revocationLists ?? []).map(revocationSource))
    // The signer of each answer is checked, and says the same each time.
    let said = OnceSaid()
    return RevocationCheck(mode: mode, lists: lists) { if said.isNew($0) { Console.warn($0) } }
  }

  private func revocationSource(_ name: String) throws -> RevocationListSource {
    guard name.contains("://") else {
      return RevocationListSource(name: name) {
        try InputOutput.read(name, operation: "read the revocation list") { descriptor in
          try OwnFile.refuseForeign(descriptor, name) { message, hint in
            CommandError(.configuration, code: "configuration", operation: "read the revocation list", message: message, hints: [hint])
          }
        }
      }
    }
    let transport = try revocationTransport()
    do {
      try transport.check(addressToGet: name, allowsPlainHTTP: true)
    } catch {
      throw CommandError.configuration(error, about: "service.revocation-lists")
    }
    let kept = KeptRevocationList(address: name, besides: settings.state.value)
    return RevocationListSource(
      name: name, fetch: { try await transport.get(name, allowsPlainHTTP: true).body }, kept: { kept.read() }, keep: { kept.write($0) })
  }

  /// Plain http is let through for revocation lists only: they are signed, and their addresses in certificates are plain.
  private func revocationTransport() throws -> HTTPSTransport {
    let service = settings.file.service
    var configuration = HTTPSTransport.Configuration()
    if let file = service.tlsCA { configuration.trust = .file(file) }
    configuration.totalTimeout = min(service.timeout ?? .seconds(30), .seconds(30))
    configuration.maximumResponseBytes = 9 << 20
    configuration.proxy = service.proxy
    configuration.userAgent = "hsmkey/\(toolVersion)"
    return try HTTPSTransport(configuration)
  }
}

/// Sentences that have been said once.
private final class OnceSaid: Sendable {
  private let said = Mutex<Set<String>>([])

  func isNew(_ text: String) -> Bool { said.withLock { $0.insert(text).inserted } }
}

/// The copy of a fetched revocation list: `revocation/SHA256-OF-ADDRESS.crl`, beside the state.
///
/// It is signed, so nothing rests on it but the time of the next question, and how old a list may be that somebody plays back to us.
private struct KeptRevocationList: Sendable {
  /// How long a copy is used without asking for a new one.
  static let freshFor: TimeInterval = 3600

  let folder: String
  let name: String

  init(address: String, besides state: String) {
    folder = URL(filePath: state).deletingLastPathComponent().appending(path: "revocation").path
    let digest = SHA256.hash(data: Array(address.utf8))
    name = digest.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined() + ".crl"
  }

  func read() -> (bytes: [UInt8], isFresh: Bool)? {
    guard FileManager.default.fileExists(atPath: "\(folder)/\(name)"),
      let bytes = try? OwnerOnlyFolder(path: folder).read(name, limit: 9 << 20)
    else { return nil }
    let changed = (try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)"))?[.modificationDate] as? Date
    let age = changed.map { -$0.timeIntervalSinceNow } ?? .infinity
    return (bytes, (0..<Self.freshFor).contains(age))
  }

  func write(_ bytes: [UInt8]) {
    guard let folder = try? OwnerOnlyFolder(path: folder), let lock = try? folder.lock("lock", waiting: .seconds(5)) else { return }
    defer { lock.release() }
    try? folder.write(bytes, to: name)
  }
}
