import Foundation
import PKCS11
import Secrets
import SwiftASN1
import TestSupport
import TokenKeys
import X509

/// Makes a key for other programs, or uses one that they made: `conformance-probe SETTINGS-FILE make KIND NAME`,
/// `conformance-probe SETTINGS-FILE use NAME MESSAGE-FILE`. Prints a ``SharedKeyReport``.
enum SharedKeys {
  static func run(_ settings: ConformanceSettings, _ arguments: [String]) async throws {
    guard arguments.count == 3 else { throw Wrong("make KIND NAME, or use NAME MESSAGE-FILE") }
    let module = try Module(path: settings.module, initializationString: settings.initializationString)
    let token = try module.token(matching: PKCS11URI(label: settings.token))
    let keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:\(settings.pinFile)"))
    let report: SharedKeyReport
    switch arguments[0] {
    case "make":
      guard let algorithm = KeyAlgorithm(rawValue: arguments[1]) else { throw Wrong("no such kind of key: \(arguments[1])") }
      report = try await tell(keys.generate(algorithm, named: arguments[2]), keys, signature: nil)
    case "use":
      let key = try await keys.key(named: arguments[1])
      let message = try Data(contentsOf: URL(filePath: arguments[2]))
      // Every algorithm is tried, and verified by the library; the usual one is handed out.
      for algorithm in key.supportedSignatureAlgorithms {
        _ = try await key.signAsynchronously(bytes: message, signatureAlgorithm: algorithm)
      }
      let signature = try await key.signAsynchronously(bytes: message, signatureAlgorithm: key.defaultSignatureAlgorithm)
      report = try await tell(key, keys, signature: Data(signature.rawRepresentation).base64EncodedString())
    default: throw Wrong("neither make nor use")
    }
    try await keys.close()
    try module.finalize()
    print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
  }

  private static func tell(_ key: TokenKey, _ keys: TokenKeys, signature: String?) async throws -> SharedKeyReport {
    SharedKeyReport(
      publicKey: try key.publicKey.serializeAsPEM().pemString, identifier: key.identifier.hexadecimal,
      algorithm: key.algorithm.rawValue, signature: signature,
      objections: try await keys.verdict(of: key).objections.map(\.rule.rawValue))
  }
}
