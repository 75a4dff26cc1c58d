import CTransport

/// A URL that was taken apart by libcurl's own parser, so that what is checked is what will be used.
struct Address: Sendable {
  /// The URL as libcurl writes it again.
  let url: String
  let isPlain: Bool
  let isLoopback: Bool
  let host: String
  let port: String
  /// "post to https://example.org/service", without a query; or another verb.
  let operation: String

  /// - Parameter allowsPlainHTTP: takes http URLs of any host.
  init(
    _ text: String, allowsPlainHTTPToLoopback: Bool, allowsPlainHTTP: Bool = false, verb: String = "post to"
  ) throws(HTTPSTransportError) {
    let unknown = "\(verb) \(verb == "get" ? "a file" : "the service")"
    guard let parts = Parts(text), let scheme = parts[CURLUPART_SCHEME], let host = parts[CURLUPART_HOST], !host.isEmpty,
      let port = parts[CURLUPART_PORT], let url = parts[CURLUPART_URL],
      parts[CURLUPART_USER] == nil, parts[CURLUPART_PASSWORD] == nil, parts[CURLUPART_FRAGMENT] == nil,
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !text.contains(":///")
    else {
      throw HTTPSTransportError(
        .url, unknown, "the address is no absolute https URL, or has a user name, a fragment, a space or a letter that is not ASCII")
    }
    operation = "\(verb) \(url.prefix { $0 != "?" })"
    isLoopback = Self.isLoopback(host)
    switch scheme {
    case "https": isPlain = false
    case "http":
      guard allowsPlainHTTP || (allowsPlainHTTPToLoopback && isLoopback) else {
        throw HTTPSTransportError(
          .plainHTTP, operation,
          allowsPlainHTTPToLoopback ? "plain http is spoken with the loopback interface only" : "plain http is not allowed",
          hint: "use an https address")
      }
      isPlain = true
    default: throw HTTPSTransportError(.url, operation, "the address is no https URL")
    }
    (self.url, self.host, self.port) = (url, host, port)
  }

  /// Refuses a proxy that is not `http://host:port`; a password has no place in a configuration.
  static func checkProxy(_ text: String, _ operation: String) throws(HTTPSTransportError) {
    guard let parts = Parts(text), parts[CURLUPART_SCHEME] == "http", let host = parts[CURLUPART_HOST], !host.isEmpty,
      parts[CURLUPART_PATH] == "/", parts[CURLUPART_USER] == nil, parts[CURLUPART_PASSWORD] == nil,
      parts[CURLUPART_QUERY] == nil, parts[CURLUPART_FRAGMENT] == nil
    else {
      throw HTTPSTransportError(.proxy, operation, "the proxy is not of the form http://host:port", hint: "without a user name or password")
    }
  }

  /// The host of a URL, for a message.
  static func host(of text: String) -> String? { Parts(text)?[CURLUPART_HOST] }

  private static func isLoopback(_ host: String) -> Bool {
    if host.lowercased() == "localhost" || host == "[::1]" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
  }

  /// curl_url(3)
  @safe private final class Parts {
    private let handle: OpaquePointer

    init?(_ text: String) {
      guard !text.utf8.contains(0), let handle = unsafe curl_url() else { return nil }
      unsafe self.handle = handle
      guard unsafe curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK else { return nil }
    }

    deinit { unsafe curl_url_cleanup(handle) }

    subscript(part: CURLUPart) -> String? {
      let flags = part == CURLUPART_PORT ? UInt32(CURLU_DEFAULT_PORT) : 0
      var text: UnsafeMutablePointer<CChar>?
      guard unsafe curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text = unsafe text else { return nil }
      defer { unsafe curl_free(text) }
      return unsafe String(cString: text)
    }
  }
}
