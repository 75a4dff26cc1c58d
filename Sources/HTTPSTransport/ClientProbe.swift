/// What a server made of a client's certificate.
public struct ClientProbe: Sendable, Hashable {
  /// The verdict.
  public let verdict: Verdict
  /// In one sentence, why: the server's alert, or its status and the title of its page.
  public let reason: String
  /// "TLSv1.3"; nil when the handshake was not finished.
  public let protocolVersion: String?
  /// "TLS_AES_256_GCM_SHA384"; nil when the handshake was not finished.
  public let cipherSuite: String?
  /// How the client's key signed; nil when it was not asked to.
  public let signatureScheme: SignatureScheme?
  /// The status of the server's answer; nil when it ended the connection without one.
  public let status: Int?

  /// An open set of words.
  public struct Verdict: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }

    /// The server asked for a certificate, the key signed, and the server then answered a request.
    public static let accepted = Verdict(rawValue: "accepted")
    /// The server asked, and ended the connection or answered with a refusal.
    public static let refused = Verdict(rawValue: "refused")
    /// The server never asked for a certificate: its answer proves nothing, and the key has signed nothing.
    public static let notAsked = Verdict(rawValue: "not-asked")
    /// The server asked, and answers a client without a certificate as well: whom it lets in with one proves nothing.
    public static let notDemanded = Verdict(rawValue: "not-demanded")
  }
}

extension ClientProbe {
  /// Statuses that may be about who the client is: the bad request with which nginx refuses a certificate, also in its own numbers; missing
  /// authority; and a host name that is not served under this identity. A redirection may lead to a page that says so.
  private static func refuses(_ status: Int) -> Bool {
    (300..<400).contains(status) || [400, 401, 403, 407, 421, 495, 496, 497].contains(status)
  }

  /// - Parameter isNobody: whether the client had no certificate to show.
  init(_ facts: HandshakeFacts, answer: HTTPResponse, isNobody: Bool) {
    let title = answer.title.map { " (\($0))" } ?? ""
    let verdict: Verdict
    if !facts.wasAsked {
      verdict = .notAsked
      reason = "the server did not ask for a certificate, so its answer with status \(answer.status)\(title) proves nothing"
    } else if Self.refuses(answer.status) {
      verdict = .refused
      reason = "the server answered with status \(answer.status)\(title)"
    } else if isNobody {
      verdict = .notDemanded
      reason = "the server asked for a certificate, and answered with status \(answer.status)\(title) without one"
    } else if facts.scheme == nil {
      verdict = .refused
      reason = "the server asked for a certificate, and takes none of the signature schemes that the key has; it got no certificate"
    } else {
      verdict = .accepted
      reason = "the server answered with status \(answer.status)"
    }
    self.verdict = verdict
    (protocolVersion, cipherSuite, signatureScheme, status) = (facts.version, facts.cipherSuite, facts.scheme, answer.status)
  }

  /// For a connection that ended without an answer; nil when that has nothing to do with the client's certificate, or that it has none.
  init?(_ facts: HandshakeFacts, error: HTTPSTransportError, isNobody: Bool) {
    // TLS 1.3: the client is done before the server has looked at the certificate, and the refusal comes when it reads.
    let endedAfterwards = facts.wasAsked && (facts.scheme != nil || isNobody) && [.response, .tls].contains(error.rule)
    guard error.rule == .clientRefused || endedAfterwards else { return nil }
    verdict = .refused
    reason =
      facts.alert.map { "the server ended the connection with the alert \"\($0)\"" }
      ?? "the server ended the connection \(isNobody ? "with a client without a" : "after it had seen the") certificate, and gave no reason"
    (protocolVersion, cipherSuite, signatureScheme, status) = (facts.version, facts.cipherSuite, facts.scheme, nil)
  }
}

extension HTTPSTransport {
  /// Asks a server what it makes of this client's certificate: a TLS handshake, and then a GET, because a server that speaks TLS 1.3
  /// refuses a certificate only after the client's handshake is done, and nginx refuses it in an answer.
  ///
  /// A client without an identity learns whether a certificate is demanded: ``ClientProbe/Verdict/refused`` if so,
  /// ``ClientProbe/Verdict/notDemanded`` where the server asks and then lets everybody in.
  ///
  /// - Parameter url: an absolute https URL. Of its answer only the status and the title of a page are used.
  /// - Throws: what stood in the way of an answer: `TRANSPORT-UNREACHABLE`, `TRANSPORT-CERTIFICATE` …; `TRANSPORT-CLIENT-KEY` with the
  ///   key's own error below it.
  public func probe(_ url: String) async throws(HTTPSTransportError) -> ClientProbe {
    let address = try Address(url, allowsPlainHTTPToLoopback: false, verb: "present the client certificate to")
    var settings = configuration
    settings.maximumResponseBytes = min(settings.maximumResponseBytes, 64 << 10)
    let exchange = Exchange(.probe, address: address, configuration: settings, identity: identity)
    do {
      let answer = try await perform(exchange)
      return ClientProbe(exchange.handshakeFacts, answer: answer, isNobody: identity == nil)
    } catch {
      guard let probe = ClientProbe(exchange.handshakeFacts, error: error, isNobody: identity == nil) else { throw error }
      return probe
    }
  }
}

extension HTTPResponse {
  /// The title of an HTML page, in plain letters, as far as it goes on one line.
  fileprivate var title: String? {
    let text = String(decoding: body.prefix(4096), as: UTF8.self)
    guard let found = text.firstMatch(of: /(?i)<title>([^<]{1,120})/) else { return nil }
    let title = found.1.unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7f }
    return title.isEmpty ? nil : String(String.UnicodeScalarView(title))
  }
}
