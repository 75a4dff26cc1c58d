import CTransport

/// What became known of a connection's TLS, whoever came to be refused.
struct HandshakeFacts: Sendable {
  var version: String?
  var cipherSuite: String?
  /// The server asked for a client's certificate.
  var wasAsked = false
  /// How the key signed.
  var scheme: SignatureScheme?
  /// The alert with which the server ended the connection: "unknown CA".
  var alert: String?
  /// Why the key did not sign.
  var signingFailure: (any Error)?
  /// Why OpenSSL does not take the certificate.
  var refusedIdentity: String?
}

/// The client's side of a TLS handshake: lends an identity to libcurl's SSL_CTX, and notes what the connection tells.
///
/// OpenSSL calls it back on the exchange's thread, from inside the transfer; it must live as long as libcurl's handles.
@safe final class Handshake {
  private let exchange: Exchange
  private let callbacks = UnsafeMutablePointer<transport_identity>.allocate(capacity: 1)

  init(_ exchange: Exchange) {
    self.exchange = exchange
    unsafe callbacks.initialize(
      to: transport_identity(
        context: nil,
        sign: { unsafe Handshake.at($0).sign($1!, into: $2!, $3, $4!) },
        asked: { context in unsafe Handshake.at(context).exchange.note { $0.wasAsked = true } },
        connected: { unsafe Handshake.at($0).connected(String(cString: $1!), String(cString: $2!)) },
        alerted: { unsafe Handshake.at($0).alerted($1, String(cString: $2!)) }))
    unsafe callbacks.pointee.context = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit { unsafe callbacks.deallocate() }

  /// CURLOPT_SSL_CTX_FUNCTION(3)
  func prepare(_ context: UnsafeMutableRawPointer) -> CURLcode {
    var words = [CChar](repeating: 0, count: 256)
    var isTaken = unsafe transport_observe(context, callbacks, &words, words.count)
    if isTaken, let identity = exchange.identity { isTaken = unsafe present(identity, in: context, &words) }
    if isTaken { return CURLE_OK }
    let reason = String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    exchange.note { $0.refusedIdentity = reason }
    return CURLE_SSL_CERTPROBLEM
  }

  private func present(_ identity: ClientIdentity, in context: UnsafeMutableRawPointer, _ words: inout [CChar]) -> Bool {
    // One block for all certificates, because each needs an address for the call.
    let bytes = identity.certificateChain.flatMap(\.self)
    let counts = identity.certificateChain.map(\.count)
    return unsafe bytes.withUnsafeBufferPointer { block in
      var start = 0
      let places: [UnsafePointer<UInt8>?] = unsafe counts.map { count in
        defer { start += count }
        return unsafe block.baseAddress.map { unsafe $0 + start }
      }
      return unsafe transport_present(
        context, callbacks, places, counts, counts.count, identity.schemes.map(\.rawValue).joined(separator: ":"), &words, words.count)
    }
  }

  private static func at(_ pointer: UnsafeMutableRawPointer?) -> Handshake {
    unsafe Unmanaged<Handshake>.fromOpaque(pointer!).takeUnretainedValue()
  }

  private func connected(_ version: String, _ suite: String) {
    exchange.note { ($0.version, $0.cipherSuite) = (version, suite) }
  }

  private func alerted(_ number: CInt, _ name: String) {
    exchange.note { $0.alert = "\(name), \(number)" }
  }

  /// The signature for OpenSSL, which is inside SSL_do_handshake(3) and can do nothing but wait.
  private func sign(
    _ asked: UnsafePointer<transport_signing_request>, into place: UnsafeMutablePointer<UInt8>, _ capacity: Int,
    _ count: UnsafeMutablePointer<Int>
  ) -> Bool {
    guard let identity = exchange.identity,
      let scheme = unsafe SignatureScheme(asked.pointee.padding, digestBits: asked.pointee.digest_bits)
    else { return false }
    let message = unsafe Array(UnsafeBufferPointer(start: asked.pointee.message, count: asked.pointee.message_count))
    do {
      let signature = try exchange.signature(by: identity, for: SigningRequest(scheme: scheme, message: message))
      guard !signature.isEmpty, signature.count <= capacity else { throw UnfitSignature(count: signature.count, capacity: capacity) }
      unsafe place.update(from: signature, count: signature.count)
      unsafe count.pointee = signature.count
      exchange.note { $0.scheme = scheme }
      return true
    } catch {
      exchange.note { $0.signingFailure = error }
      return false
    }
  }
}

/// A signature that cannot be one of this key.
struct UnfitSignature: Error, CustomStringConvertible {
  let count: Int
  let capacity: Int
  var description: String { "a signature of \(count) bytes came back, where at most \(capacity) belong" }
}
