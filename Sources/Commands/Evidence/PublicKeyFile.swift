import CertificateService
import KeyEvidence
import SwiftASN1
import X509

/// Public keys that a command is told by files.
enum PublicKeyFile {
  /// The one public key of a file: PEM or DER SubjectPublicKeyInfo. A private key is refused: this is a file for everyone to read.
  ///
  /// - Parameter orCertificate: whether it may be a certificate instead, for the key that it certifies.
  static func read(_ path: String, orCertificate: Bool = false, operation: String) throws -> Certificate.PublicKey {
    let bytes = try InputOutput.read(path, operation: operation)
    if bytes.first == 0x30, let key = try? Certificate.PublicKey(derEncoded: bytes) { return key }
    if orCertificate, bytes.first == 0x30, let certificate = try? Certificate(derEncoded: bytes) { return certificate.publicKey }
    let blocks = try PEM.blocks(in: bytes)
    if let secret = blocks.first(where: { $0.label.hasSuffix("PRIVATE KEY") }) {
      throw CommandError.input(
        "\(path) holds a private key (\(secret.label))", operation: operation, hint: "make its public half: openssl pkey -pubout")
    }
    let keys = blocks.filter { $0.label == "PUBLIC KEY" || (orCertificate && $0.label == "CERTIFICATE") }
    guard keys.count == 1 else {
      let isCertificate = blocks.contains { $0.label == "CERTIFICATE" }
      throw CommandError.input(
        "\(path) holds \(keys.isEmpty ? "no public key" : "\(keys.count) public keys")", operation: operation,
        hint: isCertificate
          ? "it is a certificate: give it to --certificate if it is that of the key itself, or write its public key: "
            + "openssl x509 -pubkey -noout" : "hsmkey key public NAME writes such a file")
    }
    do {
      if keys[0].label == "CERTIFICATE" { return try Certificate(derEncoded: keys[0].der).publicKey }
      return try Certificate.PublicKey(derEncoded: keys[0].der)
    } catch {
      throw CommandError.input("the public key in \(path) cannot be read: \(error)", operation: operation)
    }
  }
}
