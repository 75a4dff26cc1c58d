/// An HTTP request, as far as the service looks at it.
struct IncomingRequest: Sendable {
  let method: String
  let path: String
  let contentType: String?
  let soapAction: String?
  /// Nothing: the body is larger than allowed.
  let body: [UInt8]?

  /// `text/xml`, with no charset or with UTF-8 (SOAP 1.1, section 6.1; RFC 2376).
  var hasXMLContent: Bool {
    let parts = (contentType ?? "").split(separator: ";").map { part in
      String(part.filter { $0 != " " && $0 != "\t" && $0 != "\"" }).lowercased()
    }
    guard parts.first == "text/xml" else { return false }
    return parts.dropFirst().allSatisfy { !$0.hasPrefix("charset=") || $0 == "charset=utf-8" }
  }
}

/// An HTTP answer, and the line about it in the log.
struct Answer: Sendable {
  /// How much of it is sent, and how.
  enum Delivery: Sendable {
    case whole
    /// In small pieces, with this pause before each.
    case slow(Duration)
    /// Nothing is sent, and the connection is closed.
    case none
    /// The connection is closed in the middle of the header.
    case cutInHeader
    /// The connection is closed in the middle of the body.
    case cutInBody
  }

  let status: Int
  var headers: [(name: String, value: String)] = []
  var body: [UInt8] = []
  var note: String
  /// Silence before anything is sent.
  var silence: Duration?
  var delivery = Delivery.whole
  /// Whether there is a line about it: the page at `/` asks too often for that.
  var isLogged = true

  static func xml(_ status: Int, _ body: [UInt8], _ note: String) -> Answer {
    Answer(status: status, headers: [("Content-Type", "text/xml; charset=utf-8")], body: body, note: note)
  }

  static func plain(
    _ status: Int, _ text: String, headers: [(name: String, value: String)] = [], note: String? = nil
  ) -> Answer {
    Answer(
      status: status, headers: headers + [("Content-Type", "text/plain; charset=utf-8")], body: Array((text + "\n").utf8),
      note: note ?? "-> \(status) \(text)")
  }

  static func nothing(_ note: String, after silence: Duration? = nil) -> Answer {
    Answer(status: 0, note: note, silence: silence, delivery: .none)
  }

  /// The word for the delivery in the log.
  var deliveryName: String {
    switch delivery {
    case .whole: silence == nil ? "whole" : "late"
    case .slow: "slow"
    case .none: "none"
    case .cutInHeader: "cut-in-header"
    case .cutInBody: "cut-in-body"
    }
  }
}
