import Foundation
import Synchronization
import SwiftASN1
import TokenKeys
import X509

/// A key that asks another key once for each message and gives the same signature ever after: signing without its time.
final class RememberingKey: CustomPrivateKey {
  private let key: TokenKey
  private let signatures = Mutex<[[UInt8]: Certificate.Signature]>([:])

  init(_ key: TokenKey) { self.key = key }

  var publicKey: Certificate.PublicKey { key.publicKey }
  var defaultSignatureAlgorithm: Certificate.SignatureAlgorithm { key.defaultSignatureAlgorithm }
  var supportedSignatureAlgorithms: [Certificate.SignatureAlgorithm] { key.supportedSignatureAlgorithms }

  func signSynchronously(bytes: some DataProtocol, signatureAlgorithm: Certificate.SignatureAlgorithm) throws -> Certificate.Signature {
    let message = Array(bytes)
    if let known = signatures.withLock({ $0[message] }) { return known }
    let made = try key.signSynchronously(bytes: message, signatureAlgorithm: signatureAlgorithm)
    signatures.withLock { $0[message] = made }
    return made
  }

  static func == (left: RememberingKey, right: RememberingKey) -> Bool { left.key == right.key }
  func hash(into hasher: inout Hasher) { hasher.combine(key) }
  static var defaultPEMDiscriminator: String { TokenKey.defaultPEMDiscriminator }
  func serialize(into coder: inout DER.Serializer) throws { try key.serialize(into: &coder) }
  func serializeAsPEM(discriminator: String) throws -> PEMDocument { try key.serializeAsPEM(discriminator: discriminator) }
}
