extension SessionPool {
  /// How a pool behaves.
  public struct Configuration: Sendable {
    /// How many sessions work at once. One more holds the login, unless the token allows a single one. The token's own limit lowers it.
    public var maximumSessionCount: Int
    /// How many callers may wait for a session. One more is refused with ``PKCS11Rule/poolFull``.
    public var maximumWaitingCount: Int
    /// How long a caller waits for a session before it is refused with ``PKCS11Rule/poolWait``.
    public var waitingLimit: Duration
    /// How long calls into the module may take.
    public var deadlines: CallDeadlines
    /// When failures of the token are answered without asking it.
    public var circuitBreaker: CircuitBreaker.Configuration
    /// Hears what happens to the pool. It is called on the pool's threads and must return soon.
    public var onEvent: (@Sendable (Event) -> Void)?

    /// What suits a service that signs a few times a second.
    public init(
      maximumSessionCount: Int = 4, maximumWaitingCount: Int = 1024, waitingLimit: Duration = .seconds(30),
      deadlines: CallDeadlines = CallDeadlines(), circuitBreaker: CircuitBreaker.Configuration = CircuitBreaker.Configuration(),
      onEvent: (@Sendable (Event) -> Void)? = nil
    ) {
      self.maximumSessionCount = max(1, maximumSessionCount)
      self.maximumWaitingCount = max(0, maximumWaitingCount)
      self.waitingLimit = waitingLimit
      self.deadlines = deadlines
      self.circuitBreaker = circuitBreaker
      self.onEvent = onEvent
    }
  }

  /// What happened to a pool. An open set: compare, do not switch exhaustively.
  public struct Event: Hashable, Sendable, CustomStringConvertible {
    /// What kind of event it is.
    public struct Kind: RawRepresentable, Hashable, Sendable {
      public let rawValue: String
      public init(rawValue: String) { self.rawValue = rawValue }

      /// The token failed again and again, and is not asked for a while. Told once, not for every caller.
      public static let circuitOpened = Kind(rawValue: "circuit-opened")
      /// The token works again.
      public static let circuitClosed = Kind(rawValue: "circuit-closed")
      /// A call did not return in time; its session and thread are used for nothing else.
      public static let callGivenUp = Kind(rawValue: "call-given-up")
      /// A call that had been given up has returned after all.
      public static let callReturned = Kind(rawValue: "call-returned")
      /// A session was replaced by a new one.
      public static let sessionReplaced = Kind(rawValue: "session-replaced")
      /// The token had dropped the login, and we have logged in again.
      public static let loggedInAgain = Kind(rawValue: "logged-in-again")
      /// The module was finalized and initialised anew.
      public static let moduleReinitialized = Kind(rawValue: "module-reinitialized")
      /// The token allows fewer sessions than were asked for.
      public static let sessionLimitReached = Kind(rawValue: "session-limit-reached")
    }

    /// What kind of event it is.
    public let kind: Kind
    /// One sentence for people.
    public let description: String
  }
}
