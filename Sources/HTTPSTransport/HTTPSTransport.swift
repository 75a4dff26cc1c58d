import Glibc

/// Sends one POST over TLS and gives back what was answered, within strict limits. A client may have a certificate, with a key that is
/// somewhere else (``ClientIdentity``).
///
/// - TLS 1.2 or later; the server's certificate chain and name are always verified, and no setting turns that off.
/// - HTTP/1.1, one connection a request, nothing kept: no session, cookie, redirection, retry or `Expect: 100-continue`.
/// - The exchange runs on a thread of its own. When the awaiting task is cancelled, it ends at once.
/// - The body may carry a password: it is read from the caller's array and not copied, and the HTTP library's buffers are wiped.
public struct HTTPSTransport: Sendable {
  /// The settings.
  public let configuration: Configuration
  let identity: ClientIdentity?

  /// A transport with these settings.
  ///
  /// - Parameter identity: who the client is to servers that ask for a certificate; nil for nobody.
  /// - Throws: `TRANSPORT-TRUST` when the file of trust anchors cannot be used, `TRANSPORT-PROXY` when the proxy is no `http://host:port`,
  ///   `TRANSPORT-HEADER` for a user agent of several lines, `TRANSPORT-CLIENT-CERTIFICATE` for an identity without a certificate or
  ///   without a way to sign, `TRANSPORT-LIBRARY` when libcurl cannot start.
  public init(_ configuration: Configuration, identity: ClientIdentity? = nil) throws(HTTPSTransportError) {
    let operation = "prepare for HTTPS"
    guard Curl.started == .ok else {
      throw HTTPSTransportError(.library, operation, "libcurl did not start (\(Curl.started.text))")
    }
    guard configuration.maximumResponseBytes > 0, configuration.connectTimeout > .zero, configuration.totalTimeout > .zero else {
      throw HTTPSTransportError(.library, operation, "limits must be greater than zero")
    }
    try HeaderField(name: "User-Agent", value: configuration.userAgent).check(operation)
    if case .file(let path) = configuration.trust { try Self.checkTrustFile(path, operation) }
    if let proxy = configuration.proxy { try Address.checkProxy(proxy, operation) }
    if let identity, identity.certificateChain.isEmpty || identity.schemes.isEmpty {
      throw HTTPSTransportError(
        .clientCertificate, operation, "a client's identity has at least one certificate and one scheme to sign with")
    }
    self.configuration = configuration
    self.identity = identity
  }

  /// Sends `body` and waits for the response, of whatever status but a redirection.
  ///
  /// - Parameters:
  ///   - body: sent with its length, as it is.
  ///   - url: an absolute https URL.
  ///   - headers: added to the request in this order; `Content-Type` is one of them, there is no default.
  /// - Throws: what stood in the way, and whether the request may have reached the server all the same
  ///   (``HTTPSTransportError/requestMayHaveBeenSent``).
  public func post(
    _ body: [UInt8], to url: String, headers: [(name: String, value: String)]
  ) async throws(HTTPSTransportError) -> HTTPResponse {
    let address = try Address(url, allowsPlainHTTPToLoopback: configuration.allowsPlainHTTPToLoopback)
    let fields = headers.map { HeaderField(name: $0.name, value: $0.value) }
    for field in fields { try field.checkAllowed(address.operation) }
    return try await perform(
      Exchange(.post, body: body, address: address, fields: fields, configuration: configuration, identity: identity))
  }

  /// Connects, with everything that belongs to it (name, proxy, TLS, the server's certificate), and hangs up before the first byte of a
  /// request.
  ///
  /// - Throws: what stood in the way.
  public func connect(to url: String) async throws(HTTPSTransportError) {
    let address = try Address(url, allowsPlainHTTPToLoopback: configuration.allowsPlainHTTPToLoopback)
    _ = try await perform(Exchange(.connection, address: address, configuration: configuration, identity: identity))
  }

  func perform(_ exchange: Exchange) async throws(HTTPSTransportError) -> HTTPResponse {
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in exchange.start { continuation.resume(returning: $0) } }
    } onCancel: {
      exchange.cancel()
    }
    return try outcome.get()
  }

  /// Checks an address without sending anything, so that a wrong one is found before there is something to send.
  ///
  /// - Throws: `TRANSPORT-URL` or `TRANSPORT-PLAIN-HTTP`, as ``post(_:to:headers:)`` would.
  public func check(address url: String) throws(HTTPSTransportError) {
    _ = try Address(url, allowsPlainHTTPToLoopback: configuration.allowsPlainHTTPToLoopback)
  }

  /// Finds a wrong path at the start of a program instead of at its first request.
  private static func checkTrustFile(_ path: String, _ operation: String) throws(HTTPSTransportError) {
    func refusal(_ message: String) -> HTTPSTransportError {
      HTTPSTransportError(
        .trust, operation, "the trust anchors in \(path) cannot be used: \(message)", hint: "name a file of PEM certificates")
    }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw refusal(unsafe String(cString: strerror(errno))) }
    defer { close(descriptor) }
    let limit = 4 << 20
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while content.count <= limit {
      let count = unsafe read(descriptor, &chunk, chunk.count)
      guard count >= 0 else { throw refusal(unsafe String(cString: strerror(errno))) }
      if count == 0 { break }
      content += chunk[..<count]
    }
    guard content.count <= limit else { throw refusal("it has more than \(limit >> 20) MiB") }
    guard String(decoding: content, as: UTF8.self).contains("-----BEGIN ") else { throw refusal("there is no PEM block in it") }
  }
}
