extension HTTPSTransport {
  /// Gets what stands at an address: for public files that carry a signature of their own, such as revocation lists.
  ///
  /// - Parameters:
  ///   - url: an absolute https URL, or with `allowsPlainHTTP` an http URL of any host. What comes over plain http may be anybody's.
  ///   - allowsPlainHTTP: whether http URLs are taken. Only for what is verified by its own signature.
  /// - Throws: what stood in the way; `TRANSPORT-RESPONSE` for a status other than 200.
  public func get(_ url: String, allowsPlainHTTP: Bool = false) async throws(HTTPSTransportError) -> HTTPResponse {
    let address = try Address(
      url, allowsPlainHTTPToLoopback: configuration.allowsPlainHTTPToLoopback, allowsPlainHTTP: allowsPlainHTTP, verb: "get")
    let exchange = Exchange(.file, address: address, configuration: configuration, identity: nil)
    let response = try await perform(exchange)
    guard response.status == 200 else {
      throw exchange.failed(.response, "the server answered with status \(response.status)", sent: true)
    }
    return response
  }

  /// Checks an address for ``get(_:allowsPlainHTTP:)`` without asking anybody.
  ///
  /// - Throws: `TRANSPORT-URL` or `TRANSPORT-PLAIN-HTTP`.
  public func check(addressToGet url: String, allowsPlainHTTP: Bool = false) throws(HTTPSTransportError) {
    _ = try Address(
      url, allowsPlainHTTPToLoopback: configuration.allowsPlainHTTPToLoopback, allowsPlainHTTP: allowsPlainHTTP, verb: "get")
  }
}
