/// How a message gets to the service and the answer back: one POST. The real one is HTTPS; tests script one in memory.
public protocol ServiceTransport: Sendable {
  /// Sends one request and returns the answer with whatever status it has.
  ///
  /// - Throws: ``TransportFailure``. An error of any other type is taken to mean that the request may have been sent.
  func post(_ body: [UInt8], to endpoint: String, headers: [(name: String, value: String)]) async throws -> ServiceReply
}

/// What came back over HTTP.
public struct ServiceReply: Hashable, Sendable {
  /// The HTTP status, for example 200.
  public let status: Int

  /// The value of the `Content-Type` header, or nil where there was none.
  public let contentType: String?

  /// The body, whole.
  public let body: [UInt8]

  /// An answer as it came.
  public init(status: Int, contentType: String?, body: [UInt8]) {
    self.status = status
    self.contentType = contentType
    self.body = body
  }
}

/// Why a transport has no answer to give.
public struct TransportFailure: Error, Sendable, CustomStringConvertible {
  /// False only where it is certain that not one octet of the request reached the service.
  public let requestMayHaveBeenSent: Bool

  /// True where an answer was coming and the transport would not take it, because it was too large or was a redirect.
  public let answerWasRefused: Bool

  /// One sentence, lower case, no full stop.
  public let message: String

  /// What to do next.
  public let hint: String?

  /// The error of the transport, unflattened.
  public let underlying: (any Error)?

  /// A failure with the sentence that explains it.
  public init(
    requestMayHaveBeenSent: Bool, answerWasRefused: Bool = false, message: String, hint: String? = nil,
    underlying: (any Error)? = nil
  ) {
    self.requestMayHaveBeenSent = requestMayHaveBeenSent
    self.answerWasRefused = answerWasRefused
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }

  /// The sentence.
  public var description: String { message }
}
