/// Who a client is: a certificate, and a private key that is somewhere else and signs when it is asked to.
///
/// Where the key is, and how it signs, is the closure's business: this room knows no token. It is asked once for each connection to a
/// server that wants a certificate, for a signature over a whole message and never for RSA without padding.
public struct ClientIdentity: Sendable {
  /// The certificates that are sent, DER: the client's own first, then its issuers in order. Exactly these are sent.
  public let certificateChain: [[UInt8]]
  /// How the key signs. The server's preference decides among them; what stands here nowhere is never asked for.
  public let schemes: [SignatureScheme]

  let sign: @Sendable (SigningRequest) async throws -> [UInt8]

  /// - Parameters:
  ///   - certificateChain: DER, the client's own first; at least one.
  ///   - schemes: those that fit the certificate's key: RSA or ECDSA. TLS 1.3 wants RSA-PSS of an RSA key.
  ///   - sign: gives the signature: as long as the modulus for RSA, the DER sequence of r and s for ECDSA. It is awaited while the
  ///     connection's own thread waits. What it throws is the ``HTTPSTransportError/underlying`` error of `TRANSPORT-CLIENT-KEY`.
  public init(
    certificateChain: [[UInt8]], schemes: [SignatureScheme], sign: @escaping @Sendable (SigningRequest) async throws -> [UInt8]
  ) {
    self.certificateChain = certificateChain
    self.schemes = schemes
    self.sign = sign
  }
}

/// What a key is asked to sign.
public struct SigningRequest: Sendable, Hashable {
  /// Algorithm, padding and digest.
  public let scheme: SignatureScheme
  /// The message itself, not its digest: in TLS 1.3 some 150 bytes, in TLS 1.2 the handshake so far, which is some kilobytes.
  public let message: [UInt8]

  /// A request made by hand, for tests of what answers one.
  public init(scheme: SignatureScheme, message: [UInt8]) {
    self.scheme = scheme
    self.message = message
  }
}
