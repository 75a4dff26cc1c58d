import Foundation

/// The page of one request: the message that came and the one that went, octet for octet but for its secrets.
struct RequestPage {
  let request: LoggedRequest
  /// Nothing where they are not kept any more.
  let messages: LoggedMessages?

  var html: String {
    var page = PageText()
    page.markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
    page.markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
    page.markup("<title>Request — certificate service simulator</title><style>")
    page.style()
    page.markup("</style></head><body>\n<header><p><a href=\"/\">All requests</a></p>")
    page.element("h1", "Request \(request.number)")
    page.markup("<p>")
    ServicePage.answer(&page, request)
    page.escaped(" \(request.method) \(request.path) \(request.outcome)")
    page.markup("</p></header>\n<main><h2>Asked</h2><div class=\"card\">")
    show(messages?.shownRequest, none: "Not shown: it has not the form of a request, or is not kept any more.", &page)
    page.markup("</div><h2>Answered</h2><div class=\"card\">")
    show(messages?.shownResponse, none: "Nothing, or not kept any more.", &page)
    page.markup("</div><h2>In the log</h2><div class=\"card\"><pre>")
    page.escaped((try? LogFile.text(of: request)) ?? "")
    page.markup("</pre></div></main></body></html>\n")
    return page.text
  }

  private func show(_ text: String?, none: StaticString, _ page: inout PageText) {
    if let text, !text.isEmpty {
      page.element("pre", text)
    } else {
      page.markup("<p class=\"none\">")
      page.markup(none)
      page.markup("</p>")
    }
  }
}

/// The messages of a request, as they are kept for its page.
struct LoggedMessages: Sendable {
  let request: [UInt8]?
  let response: [UInt8]

  private static let limit = 40_000

  /// Only of a request that has the right form it is known where its secrets are.
  ///
  /// - Parameter request: nothing where it has not the right form.
  init(request: [UInt8]?, response: [UInt8]) {
    self.request = request
    self.response = Array(response.prefix(Self.limit))
  }

  var shownRequest: String? {
    request.map { octets in
      var text = String(decoding: octets, as: UTF8.self)
      for name in ["TransferPassword", "TransferId"] {
        // Up to the end tag, whatever is between: a CDATA section begins with the same character.
        guard let open = text.firstRange(of: "<\(name)"), let close = text[open.upperBound...].firstRange(of: "</\(name)") else { continue }
        text.replaceSubrange(open.lowerBound..<close.lowerBound, with: "<\(name)>(not shown)")
      }
      return Self.broken(text)
    }
  }

  var shownResponse: String { Self.broken(String(decoding: response, as: UTF8.self)) }

  /// With line breaks between elements, for people.
  private static func broken(_ text: String) -> String { text.replacing("><", with: ">\n<") }
}
