import PKCS11
import Secrets

/// How the PIN reaches the token for a key that wants it at each use (`CKA_ALWAYS_AUTHENTICATE`).
///
/// The PIN is in hand before the signature is begun, so that nothing comes between `C_SignInit`, `C_Login` and `C_Sign`.
struct KeyAuthentication: Sendable {
  private let lendPIN: (@Sendable ((borrowing SecretBytes) throws -> [UInt8]) throws -> [UInt8])?

  /// The device's own pad asks.
  static let protectedPath = KeyAuthentication(lendPIN: nil)

  /// - Parameter lendPIN: gets the PIN and lends it for one signature.
  static func pin(_ lendPIN: @escaping @Sendable ((borrowing SecretBytes) throws -> [UInt8]) throws -> [UInt8]) -> KeyAuthentication {
    KeyAuthentication(lendPIN: lendPIN)
  }

  /// The PIN is read from its source again for each signature, and held no longer than that.
  static func reading(_ source: SecretSource, for token: Token) -> KeyAuthentication {
    if source.isProtectedPath { return .protectedPath }
    return .pin { body in
      try LoginGuard(flags: token.information().flags, token: token.label).check(source)
      return try body(source.read(purpose: "User PIN for a signature on token \(token.label)"))
    }
  }

  private init(lendPIN: (@Sendable ((borrowing SecretBytes) throws -> [UInt8]) throws -> [UInt8])?) { self.lendPIN = lendPIN }

  func sign(
    _ data: [UInt8], with mechanism: Mechanism, key: ObjectHandle, maximumSignatureSize: Int, in session: inout Session
  ) throws -> [UInt8] {
    guard let lendPIN else {
      return try session.signAuthenticatingOnProtectedPath(
        data.span, with: mechanism, key: key, maximumSignatureSize: maximumSignatureSize)
    }
    return try lendPIN { pin in
      try session.sign(data.span, with: mechanism, key: key, maximumSignatureSize: maximumSignatureSize, authenticatingWith: pin)
    }
  }
}
