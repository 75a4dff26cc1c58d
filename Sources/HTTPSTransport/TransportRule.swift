/// The rules by which a request is sent and an answer is taken.
public struct TransportRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ rawValue: String) { self.rawValue = rawValue }
  public var description: String { rawValue }

  /// An address is an absolute `https` URL with a host and without a user name, password or fragment.
  public static let url = TransportRule("TRANSPORT-URL")
  /// Plain `http` is spoken only with the loopback interface, and only when the configuration allows it; beside that, only to get what
  /// carries a signature of its own.
  public static let plainHTTP = TransportRule("TRANSPORT-PLAIN-HTTP")
  /// A header field has a name of token characters and a value on one line, and is none that the transport sets itself.
  public static let header = TransportRule("TRANSPORT-HEADER")
  /// A file of trust anchors can be read and holds certificates; nothing but that file is then trusted.
  public static let trust = TransportRule("TRANSPORT-TRUST")
  /// A proxy comes from the configuration only, as `http://host:port`, and lets the connection through.
  public static let proxy = TransportRule("TRANSPORT-PROXY")
  /// The server's name is resolved and its port is reached.
  public static let unreachable = TransportRule("TRANSPORT-UNREACHABLE")
  /// The connection is TLS 1.2 or later.
  public static let tls = TransportRule("TRANSPORT-TLS")
  /// The server's certificate is valid, chains to a trust anchor and names the host.
  public static let certificate = TransportRule("TRANSPORT-CERTIFICATE")
  /// A client's certificate can be read, is strong enough for TLS, and has a key and signature schemes of one kind.
  public static let clientCertificate = TransportRule("TRANSPORT-CLIENT-CERTIFICATE")
  /// A client's key signs when the server asks for its certificate; where it does not, the connection ends there.
  public static let clientKey = TransportRule("TRANSPORT-CLIENT-KEY")
  /// A server that does not accept the client's certificate is told from one that cannot be reached.
  public static let clientRefused = TransportRule("TRANSPORT-CLIENT-REFUSED")
  /// Connecting and the whole exchange each have a time limit.
  public static let timeout = TransportRule("TRANSPORT-TIMEOUT")
  /// A redirection is never followed.
  public static let redirect = TransportRule("TRANSPORT-REDIRECT")
  /// A response, its header included, has a size limit, whatever it says about its own length.
  public static let responseSize = TransportRule("TRANSPORT-RESPONSE-SIZE")
  /// A response is complete HTTP/1.1; a connection that ends early gives none.
  public static let response = TransportRule("TRANSPORT-RESPONSE")
  /// A task that is cancelled ends its exchange at once.
  public static let cancelled = TransportRule("TRANSPORT-CANCELLED")
  /// The HTTP library does what it was asked to do.
  public static let library = TransportRule("TRANSPORT-LIBRARY")

  public static let allCases: [TransportRule] = [
    url, plainHTTP, header, trust, proxy, unreachable, tls, certificate, clientCertificate, clientKey, clientRefused, timeout, redirect,
    responseSize, response, cancelled, library,
  ]
}
