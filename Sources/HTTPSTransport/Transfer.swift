import CTransport

/// libcurl's side of an exchange. Lives and dies on the exchange's thread.
@safe final class Transfer {
  let exchange: Exchange
  private let handshake: Handshake
  let multi: UnsafeMutableRawPointer
  private let easy: UnsafeMutableRawPointer
  private var lists: [UnsafeMutablePointer<curl_slist>] = unsafe []
  private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  // What the callbacks note.
  private var bodyOffset = 0
  private var body: [UInt8]
  private var receivedCount = 0
  private var content: [UInt8] = []
  private var hasOverflowed = false
  /// Whether the head of the latest response, interim ones included, came to its empty line: libcurl forgives a head that was cut off.
  private var headIsComplete = false
  /// Set when the connection, its TLS included, stands and libcurl is about to write the first byte of the request: until then not one
  /// byte of it can have left. From then on no counter is exact (a part of a TLS record, a full socket), and "may have been" is true.
  private var requestHasBegun = false
  /// The connection stood, and was all that was wanted.
  private var hasConnected = false

  init(_ exchange: Exchange) throws(HTTPSTransportError) {
    guard let easy = unsafe curl_easy_init() else { throw exchange.failed(.library, "libcurl has no memory") }
    guard let multi = unsafe curl_multi_init() else {
      unsafe curl_easy_cleanup(easy)
      throw exchange.failed(.library, "libcurl has no memory")
    }
    self.exchange = exchange
    handshake = Handshake(exchange)
    body = exchange.takeBody()
    unsafe self.easy = easy
    unsafe self.multi = multi
    unsafe words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    do { try configure() } catch {
      end()
      throw error
    }
  }

  /// Gives everything back to libcurl. Nothing else may be called afterwards.
  func end() {
    unsafe _ = curl_multi_remove_handle(multi, easy)
    unsafe curl_easy_cleanup(easy)
    unsafe _ = curl_multi_cleanup(multi)
    unsafe lists.forEach { unsafe curl_slist_free_all($0) }
    unsafe words.deallocate()
  }

  /// Lets the body go: it may be a secret that its owner is about to wipe.
  func forgetBody() { body = [] }

  /// Runs to the end, to a limit, or until the exchange is cancelled.
  func perform() -> Exchange.Outcome {
    guard !exchange.isCancelled else { return cancelled }
    guard unsafe curl_multi_add_handle(multi, easy) == CURLM_OK else {
      return .failure(exchange.failed(.library, "libcurl took no request"))
    }
    var running: CInt = 1
    while true {
      let performed = unsafe curl_multi_perform(multi, &running)
      if exchange.isCancelled { return cancelled }
      guard performed == CURLM_OK else { return libraryFailure(performed) }
      if running == 0 { break }
      let polled = unsafe curl_multi_poll(multi, nil, 0, 1000, nil)
      if exchange.isCancelled { return cancelled }
      guard polled == CURLM_OK else { return libraryFailure(polled) }
    }
    var waiting: CInt = 0
    while let message = unsafe curl_multi_info_read(multi, &waiting) {
      if unsafe message.pointee.msg == CURLMSG_DONE { return outcome(CurlCode(unsafe message.pointee.data.result)) }
    }
    return .failure(exchange.failed(.library, "libcurl told no result", sent: requestHasBegun))
  }

  private var cancelled: Exchange.Outcome {
    .failure(exchange.failed(.cancelled, "the exchange was cancelled", sent: requestHasBegun))
  }

  private func libraryFailure(_ code: CURLMcode) -> Exchange.Outcome {
    .failure(exchange.failed(.library, "libcurl failed (\(unsafe String(cString: curl_multi_strerror(code))))", sent: requestHasBegun))
  }

  private func outcome(_ code: CurlCode) -> Exchange.Outcome {
    if hasConnected { return .success(HTTPResponse(status: 0, contentType: nil, body: [])) }
    if exchange.purpose == .probe, headIsComplete, (200..<600).contains(number(CURLINFO_RESPONSE_CODE)) {
      // Whatever became of the body: the server has spoken.
      return .success(
        HTTPResponse(status: number(CURLINFO_RESPONSE_CODE), contentType: string(CURLINFO_CONTENT_TYPE), body: content))
    }
    if hasOverflowed || CURLcode(code.rawValue) == CURLE_FILESIZE_EXCEEDED {
      return .failure(
        exchange.failed(
          .responseSize, "the response is longer than \(exchange.configuration.maximumResponseBytes) bytes", sent: requestHasBegun))
    }
    guard code == .ok else { return .failure(failure(code)) }
    let status = number(CURLINFO_RESPONSE_CODE)
    if (300..<400).contains(status) {
      let target = string(CURLINFO_REDIRECT_URL).flatMap { Address.host(of: $0) }
      return .failure(
        exchange.failed(
          .redirect, "the server answered with status \(status)\(target.map { ", a redirection to \($0)" } ?? "")",
          hint: "redirections are never followed; check the configured address", sent: true))
    }
    guard headIsComplete, (200..<600).contains(status) else {
      let message = headIsComplete ? "the server answered with status \(status)" : "the connection ended inside the response's header"
      return .failure(exchange.failed(.response, message, sent: true))
    }
    return .success(HTTPResponse(status: status, contentType: string(CURLINFO_CONTENT_TYPE), body: content))
  }

  /// Our sentence with libcurl's own words; a refusal by the proxy comes as an error of reading.
  private func failure(_ code: CurlCode) -> HTTPSTransportError {
    if let failure = clientFailure { return failure }
    var (rule, message, hint) = code.failure
    let refusedByProxy = number(CURLINFO_HTTP_CONNECTCODE)
    if exchange.configuration.proxy != nil, !requestHasBegun, refusedByProxy >= 300 {
      (rule, message, hint) = CurlCode(CURLE_PROXY).failure
    } else if rule == .response, !requestHasBegun {
      (rule, message, hint) = CurlCode(CURLE_COULDNT_CONNECT).failure
    }
    let said = unsafe String(cString: words)
    return exchange.failed(rule, "\(message) (\(said.isEmpty ? code.text : said))", hint: hint, sent: requestHasBegun)
  }

  /// What the client's certificate or key has to do with it, where it has.
  private var clientFailure: HTTPSTransportError? {
    let facts = exchange.handshakeFacts
    if let reason = facts.refusedIdentity {
      return exchange.failed(
        .clientCertificate, "the client's certificate cannot be used (\(reason))", hint: "its key must be RSA or ECDSA and strong enough")
    }
    switch facts.signingFailure {
    case nil: break
    case is SigningTookTooLong:
      return exchange.failed(
        .timeout, "the client's key did not sign within \(exchange.configuration.totalTimeout)", sent: requestHasBegun)
    case let error?:
      return HTTPSTransportError(
        .clientKey, exchange.address.operation, "the client's key did not sign: \(error)", underlying: error,
        requestMayHaveBeenSent: requestHasBegun)
    }
    guard facts.wasAsked, let alert = facts.alert else { return nil }
    return exchange.failed(
      .clientRefused, "the server does not accept the client's certificate (alert: \(alert))", sent: requestHasBegun)
  }

  private func number(_ information: CURLINFO) -> Int {
    var value = 0
    return unsafe transport_get_long(easy, information, &value) == CURLE_OK ? value : 0
  }

  private func string(_ information: CURLINFO) -> String? {
    var value: UnsafePointer<CChar>?
    guard unsafe transport_get_string(easy, information, &value) == CURLE_OK, let value = unsafe value else { return nil }
    return unsafe String(cString: value)
  }
}

// MARK: - Settings

extension Transfer {
  /// Every setting that matters is made, also where it is libcurl's default.
  private func configure() throws(HTTPSTransportError) {
    let (address, settings) = (exchange.address, exchange.configuration)
    unsafe try set(CURLOPT_ERRORBUFFER, pointer: words)
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_QUICK_EXIT, 1)

    try set(CURLOPT_URL, address.url)
    try set(CURLOPT_PROTOCOLS_STR, address.isPlain ? "http" : "https")
    try set(CURLOPT_REDIR_PROTOCOLS_STR, "https")
    try set(CURLOPT_FOLLOWLOCATION, 0)
    try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
    try set(CURLOPT_HTTP09_ALLOWED, 0)
    try set(CURLOPT_FRESH_CONNECT, 1)
    try set(CURLOPT_FORBID_REUSE, 1)
    try set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
    try set(CURLOPT_PROXY, address.isLoopback && address.isPlain ? "" : settings.proxy ?? "")
    try set(CURLOPT_NOPROXY, "")
    if address.isPlain, address.host.lowercased() == "localhost" {
      try set(CURLOPT_RESOLVE, list: ["\(address.host):\(address.port):127.0.0.1"])
    }

    try set(CURLOPT_SSLVERSION, settings.versions.curlValue)
    try set(CURLOPT_SSL_VERIFYPEER, 1)
    try set(CURLOPT_SSL_VERIFYHOST, 2)
    try set(CURLOPT_SSL_SESSIONID_CACHE, 0)
    if case .file(let path) = settings.trust {
      try set(CURLOPT_CAINFO, path)
      unsafe try set(CURLOPT_CAPATH, pointer: nil)
    }

    try set(CURLOPT_CONNECTTIMEOUT_MS, settings.connectTimeout.milliseconds)
    try set(CURLOPT_TIMEOUT_MS, settings.totalTimeout.milliseconds)
    unsafe try check(transport_set_size(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(settings.maximumResponseBytes)))

    if exchange.purpose == .probe || exchange.purpose == .file {
      try set(CURLOPT_HTTPGET, 1)
    } else {
      try set(CURLOPT_POST, 1)
      unsafe try check(transport_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
    }
    try set(CURLOPT_USERAGENT, settings.userAgent)
    // A name with nothing after the colon takes a field away that libcurl would set by itself.
    var lines = ["Expect:"]
    if !exchange.fields.contains(where: { $0.name.lowercased() == "content-type" }) { lines.append("Content-Type:") }
    try set(CURLOPT_HTTPHEADER, list: lines + exchange.fields.map(\.line))

    let reference = unsafe Unmanaged.passUnretained(self).toOpaque()
    for option in [CURLOPT_READDATA, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_PREREQDATA] {
      unsafe try set(option, pointer: reference)
    }
    if exchange.identity != nil || exchange.purpose == .probe {
      unsafe try set(CURLOPT_SSL_CTX_DATA, pointer: Unmanaged.passUnretained(handshake).toOpaque())
      unsafe try check(
        transport_set_ssl_context(easy) { _, context, handshake in
          unsafe Unmanaged<Handshake>.fromOpaque(handshake!).takeUnretainedValue().prepare(context!)
        })
    }
    unsafe try check(transport_set_prerequest(easy) { transfer, _, _, _, _ in unsafe Transfer.at(transfer).connected() })
    unsafe try check(
      transport_set_read(easy) { buffer, size, count, transfer in unsafe Transfer.at(transfer).read(into: buffer!, size * count) })
    unsafe try check(
      transport_set_write(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, transfer in
        unsafe Transfer.at(transfer).received(UnsafeRawBufferPointer(start: bytes, count: size * count), isContent: true)
      })
    unsafe try check(
      transport_set_write(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, transfer in
        unsafe Transfer.at(transfer).received(UnsafeRawBufferPointer(start: bytes, count: size * count), isContent: false)
      })
  }

  private func check(_ code: CURLcode) throws(HTTPSTransportError) {
    guard code == CURLE_OK else { throw exchange.failed(.library, "libcurl refused a setting (\(CurlCode(code).text))") }
  }

  private func set(_ option: CURLoption, _ value: Int) throws(HTTPSTransportError) {
    unsafe try check(transport_set_long(easy, option, value))
  }

  private func set(_ option: CURLoption, _ value: String) throws(HTTPSTransportError) {
    unsafe try check(transport_set_string(easy, option, value))
  }

  private func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer?) throws(HTTPSTransportError) {
    unsafe try check(transport_set_pointer(easy, option, pointer))
  }

  private func set(_ option: CURLoption, list lines: [String]) throws(HTTPSTransportError) {
    var list: UnsafeMutablePointer<curl_slist>?
    for line in lines { unsafe list = curl_slist_append(list, line) }
    if let list = unsafe list { unsafe lists.append(list) }
    unsafe try check(transport_set_list(easy, option, list))
  }
}

// MARK: - Callbacks

extension Transfer {
  private static func at(_ pointer: UnsafeMutableRawPointer?) -> Transfer {
    unsafe Unmanaged<Transfer>.fromOpaque(pointer!).takeUnretainedValue()
  }

  /// CURLOPT_PREREQFUNCTION(3): the connection stands, the request has not begun.
  private func connected() -> CInt {
    if exchange.isCancelled { return CInt(CURL_PREREQFUNC_ABORT) }
    if exchange.purpose == .connection {
      hasConnected = true
      return CInt(CURL_PREREQFUNC_ABORT)
    }
    requestHasBegun = true
    return CInt(CURL_PREREQFUNC_OK)
  }

  /// CURLOPT_READFUNCTION(3): the next bytes of the body, straight from the caller's array.
  private func read(into buffer: UnsafeMutablePointer<CChar>, _ room: Int) -> Int {
    let count = min(room, body.count - bodyOffset)
    unsafe body.withUnsafeBytes { bytes in
      unsafe UnsafeMutableRawBufferPointer(start: buffer, count: count).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[bodyOffset..<(bodyOffset + count)]))
    }
    bodyOffset += count
    return count
  }

  /// CURLOPT_WRITEFUNCTION(3) and CURLOPT_HEADERFUNCTION(3), the latter line by line: head, body and trailer count against one limit.
  /// A result other than the count ends the transfer.
  private func received(_ bytes: UnsafeRawBufferPointer, isContent: Bool) -> Int {
    guard bytes.count <= exchange.configuration.maximumResponseBytes - receivedCount else {
      hasOverflowed = true
      return 0
    }
    receivedCount += bytes.count
    if isContent {
      unsafe content.append(contentsOf: bytes)
    } else if unsafe bytes.starts(with: "HTTP/".utf8) {
      headIsComplete = false
    } else if unsafe bytes.elementsEqual("\r\n".utf8) || bytes.elementsEqual("\n".utf8) {
      headIsComplete = true
    }
    return bytes.count
  }
}

extension Duration {
  /// Rounded up, so that a small limit is not none.
  fileprivate var milliseconds: Int {
    let (seconds, attoseconds) = components
    return Int(clamping: seconds.multipliedReportingOverflow(by: 1000).overflow ? Int64(Int32.max) : min(seconds * 1000, Int64(Int32.max)))
      + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
