extension HTTPSTransport {
  /// How to connect. Nothing else has a say: no environment variable (`https_proxy` …), no `.netrc`, no cookie.
  public struct Configuration: Sendable, Hashable {
    /// Whose certificates a server may present.
    public enum Trust: Sendable, Hashable {
      /// The system's trust store.
      case system
      /// The certificates of this PEM file and no others.
      case file(_ path: String)
    }

    /// Whose certificates the server may present.
    public var trust: Trust
    /// The versions of TLS that are spoken.
    public var versions: ClosedRange<TLSVersion>
    /// How long name resolution, connecting and the TLS handshake may take together.
    public var connectTimeout: Duration
    /// How long the whole exchange may take.
    public var totalTimeout: Duration
    /// How many bytes the response may have, its header included.
    public var maximumResponseBytes: Int
    /// `http://host:port` of a proxy; https passes through it in a tunnel (`CONNECT`). No other proxy is ever used.
    public var proxy: String?
    /// Whether `http` URLs are taken, which then must name the loopback interface: 127.0.0.0/8, [::1], or localhost, which is taken as
    /// 127.0.0.1 whatever a name server says. For tests and for a TLS tunnel on this machine.
    public var allowsPlainHTTPToLoopback: Bool
    /// The value of the `User-Agent` field.
    public var userAgent: String

    /// The settings; each has a default that suits the certificate service.
    public init(
      trust: Trust = .system, versions: ClosedRange<TLSVersion> = .tls12 ... .tls13, connectTimeout: Duration = .seconds(15),
      totalTimeout: Duration = .seconds(60),
      maximumResponseBytes: Int = 1 << 20, proxy: String? = nil, allowsPlainHTTPToLoopback: Bool = false, userAgent: String = "hsmkey"
    ) {
      self.trust = trust
      self.versions = versions
      self.connectTimeout = connectTimeout
      self.totalTimeout = totalTimeout
      self.maximumResponseBytes = maximumResponseBytes
      self.proxy = proxy
      self.allowsPlainHTTPToLoopback = allowsPlainHTTPToLoopback
      self.userAgent = userAgent
    }
  }
}
