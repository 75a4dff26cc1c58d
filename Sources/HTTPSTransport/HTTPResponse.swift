/// What a server answered, of whatever status but a redirection.
public struct HTTPResponse: Sendable, Hashable {
  /// The status code: 200, 500 …
  public let status: Int
  /// The value of `Content-Type`, as it was sent.
  public let contentType: String?
  /// The body, without transfer coding; a content coding, which is never asked for, is left as it is.
  public let body: [UInt8]

  /// A response made by hand, for tests of what reads one.
  public init(status: Int, contentType: String?, body: [UInt8]) {
    self.status = status
    self.contentType = contentType
    self.body = body
  }
}
