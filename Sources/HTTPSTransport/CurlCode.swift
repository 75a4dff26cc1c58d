import CTransport

/// A result of libcurl's easy interface (libcurl-errors(3)).
struct CurlCode: RawRepresentable, Hashable, Sendable {
  let rawValue: UInt32
  init(rawValue: UInt32) { self.rawValue = rawValue }
  init(_ code: CURLcode) { rawValue = code.rawValue }

  static let ok = CurlCode(CURLE_OK)

  /// libcurl's own sentence for the code, where it left none for the case.
  var text: String { unsafe String(cString: curl_easy_strerror(CURLcode(rawValue))) }

  /// The rule that a failed exchange comes under, our sentence, and what to do next.
  var failure: (rule: TransportRule, message: String, hint: String?) {
    switch CURLcode(rawValue) {
    case CURLE_COULDNT_RESOLVE_HOST: (.unreachable, "the server's name cannot be resolved", "check the address and the name service")
    case CURLE_COULDNT_CONNECT:
      (.unreachable, "the server cannot be reached", "check the address, the network and whether a proxy is needed")
    case CURLE_COULDNT_RESOLVE_PROXY: (.proxy, "the proxy's name cannot be resolved", "check the configured proxy")
    case CURLE_PROXY: (.proxy, "the proxy does not let the connection through", "check the configured proxy")
    case CURLE_OPERATION_TIMEDOUT: (.timeout, "there was no complete response in time", nil)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR:
      (
        .certificate, "the server's certificate is not accepted",
        "check the address and the configured trust anchors; verification cannot be switched off"
      )
    case CURLE_SSL_CACERT_BADFILE: (.trust, "the trust anchors cannot be used", "name a file of PEM certificates")
    case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED:
      (.tls, "no TLS connection was made", "the server must speak TLS 1.2 or later")
    case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_RECV_ERROR, CURLE_SEND_ERROR,
      CURLE_BAD_CONTENT_ENCODING:
      (.response, "the connection ended without a complete response", nil)
    case CURLE_FILESIZE_EXCEEDED: (.responseSize, "the response is longer than allowed", nil)
    default: (.library, "libcurl gave up with code \(rawValue)", nil)
    }
  }
}

/// libcurl, started once for the process.
enum Curl {
  static let started = CurlCode(transport_initialize())
}
