public import Foundation

/// That a consumer (a service that asks for the certificate) accepted it: a handshake with the key on the token that went through.
public struct ConsumerProof: Codable, Sendable, Hashable {
  /// The consumer's name in the configuration.
  public let consumer: String
  /// The address that was asked.
  public let address: String
  /// The serial number of the certificate that was used, in hexadecimal.
  public let serial: String
  /// When, by this machine's clock.
  public let provedAt: Date
  /// The version of TLS that was agreed on, for example `TLSv1.3`.
  public let protocolVersion: String
  /// How the handshake was signed, for example `rsa_pss_rsae_sha256`.
  public let signatureScheme: String

  /// A proof from its parts.
  public init(consumer: String, address: String, serial: String, provedAt: Date, protocolVersion: String, signatureScheme: String) {
    self.consumer = consumer
    self.address = address
    self.serial = serial
    self.provedAt = provedAt
    self.protocolVersion = protocolVersion
    self.signatureScheme = signatureScheme
  }
}
