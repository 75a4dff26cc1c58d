import Foundation
import X509

/// The page at `/`: what was asked and answered, and how things stand.
struct ServicePage {
  /// What the books say, at one moment.
  struct Books: Sendable {
    let orders: [TransferCredentialBook.Order]
    let certificates: [IssuedCertificate]
    let certificateCount: Int
    let notReadyFor: TimeInterval
  }

  /// A certificate that was issued, and how far it got.
  struct IssuedCertificate: Sendable {
    let certificate: Certificate
    let readyAt: Date?
    let isFetched: Bool
    let isRevoked: Bool
  }

  let address: String
  let environment: SimulatedEnvironment
  let now: Date
  let offset: TimeInterval
  let isClockStopped: Bool
  let requests: [LoggedRequest]
  let requestCount: Int
  let changes: [LoggedChange]
  let faults: [FaultRequest]
  let outageRate: Double
  let books: Books
  /// Whether it loads itself again every two seconds.
  let isLive: Bool

  /// The page shows so many of everything, the newest first.
  static let rows = 50

  var html: String {
    var page = PageText()
    page.markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
    page.markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
    if isLive { page.markup("<meta http-equiv=\"refresh\" content=\"2\">") }
    page.markup("<title>Certificate service simulator</title><style>")
    page.style()
    page.markup("</style></head><body>\n<header><h1>Certificate service simulator</h1><p class=\"quiet\">")
    page.markup("A stand-in for the tax administration’s certificate service. Nothing that it issues is good for anything. ")
    if isLive {
      page.markup("This page loads itself every two seconds; <a href=\"/still\">hold it</a>.")
    } else {
      page.markup("This page stands still; <a href=\"/\">follow what happens</a>.")
    }
    page.markup("</p>")
    facts(&page)
    page.markup("</header>\n<main>")
    requestTable(&page)
    faultTable(&page)
    orderTable(&page)
    certificateTable(&page)
    changeTable(&page)
    page.markup("</main></body></html>\n")
    return page.text
  }

  private func facts(_ page: inout PageText) {
    func fact(_ name: String, _ value: String, _ more: String = "", isTime: Bool = false) {
      page.markup("<div>")
      page.element("dt", name)
      page.markup("<dd>")
      if isTime { page.element("span", class: "time", value) } else { page.escaped(value) }
      if !more.isEmpty { page.element("span", class: "small", more) }
      page.markup("</dd></div>")
    }
    page.markup("<dl class=\"facts\">")
    var clock = offset.magnitude < 1 ? "the machine’s" : "\(TimeText.text(offset)) \(offset < 0 ? "behind" : "ahead of") the machine’s"
    if isClockStopped { clock += "; it stands still" }
    fact("Simulated time", TimeText.text(now), clock, isTime: true)
    fact("Address", address + ServiceEndpoint.paths[0], "requests must say \(environment)")
    if environment == .test { fact("Test bench", address + TestBench.path, "fixed values, fixed keys") }
    fact("Ready", "\(TimeText.text(books.notReadyFor)) after it was asked for", "how long a certificate takes")
    page.markup("</dl>")
  }

  private func requestTable(_ page: inout PageText) {
    page.markup("<section><h2>Asked and answered</h2>")
    if requestCount > requests.count { page.element("p", class: "quiet", "The last \(requests.count) of \(requestCount).") }
    page.table(["No.", "Time", "Asked", "Answered", "Came of it"], requests, none: "Nobody has asked anything yet.") { page, request in
      page.cell(class: "number") { $0.link(toRequest: request.number) }
      page.cell(class: "when") { $0.escaped(Self.time(request.at, near: now)) }
      page.cell(class: "asked") { page in
        page.escaped(request.operation ?? "\(request.method) \(request.path)")
        if let customer = request.customerID { page.element("span", class: "small", customer) }
        if request.isTestBench { page.element("span", class: "small", "at the test bench") }
      }
      page.cell { page in
        Self.answer(&page, request)
        let outcome = Self.outcome(request)
        if !outcome.isEmpty { page.element("span", class: "small", outcome) }
      }
      page.cell(class: "result") { page in
        if request.committed { page.element("span", "committed") }
        if let id = request.retrievalID { page.element("span", class: "small", "RetrievalId \(id)") }
        if let serial = request.serial { page.element("span", class: "small", "serial \(serial)") }
        for fault in request.faults { page.element("span", class: "small", "fault \(fault)") }
      }
    }
    page.markup("</section>\n")
  }

  /// The mark of an answer, in a word and a colour.
  static func answer(_ page: inout PageText, _ request: LoggedRequest) {
    switch (request.delivery, request.status, request.result) {
    case ("none", _, _): page.element("span", class: "mark bad", "no answer")
    case ("cut-in-header", _, _), ("cut-in-body", _, _): page.element("span", class: "mark bad", "cut off")
    case (_, 200, "OK"): page.element("span", class: "mark good", "OK")
    case (_, 200, "FAIL"): page.element("span", class: "mark warn", (["FAIL"] + request.errorCodes).joined(separator: " "))
    case (_, 200, _): page.element("span", class: "mark good", "200")
    case (_, let status, _): page.element("span", class: "mark bad", "\(status)")
    }
  }

  /// What the line in the log says after the arrow, without what the mark says.
  private static func outcome(_ request: LoggedRequest) -> String {
    guard let arrow = request.outcome.range(of: "-> ") else { return request.outcome }
    var text = request.outcome[arrow.upperBound...]
    let said = ["\(request.status)"] + [request.result].compactMap(\.self) + request.errorCodes
    for word in said where text.hasPrefix(word) { text = text.dropFirst(word.count).drop { $0 == " " || $0 == "," } }
    return String(text)
  }

  private func faultTable(_ page: inout PageText) {
    page.markup("<section><h2>Faults that are set</h2>")
    page.table(["Fault", "For", "Still to happen", "What the client gets"], faults, none: "None: it behaves.") { page, request in
      page.cell { $0.element("code", request.fault.rawValue) }
      page.cell("for") { $0.escaped(request.operation?.shortName ?? "all that it applies to") }
      page.cell("still to happen") { $0.escaped(request.answers.map { $0 == 1 ? "once" : "\($0) times" } ?? "until cleared") }
      page.cell { $0.escaped(request.fault.explanation) }
    }
    if outageRate > 0 {
      page.element("p", "Outages: about \(Int((outageRate * 100).rounded())) of 100 requests meet trouble on their way.")
    }
    page.markup("</section>\n")
  }

  private func orderTable(_ page: inout PageText) {
    page.markup("<section><h2>Orders</h2>")
    page.table(["TransferId, SHA-256", "Customer", "Given out", "State"], books.orders, none: "Nobody has ordered a certificate.") {
      page, order in
      page.cell { $0.element("code", order.idDigest.prefix(16) + "…") }
      page.cell("customer") { $0.escaped(order.customerID) }
      page.cell("given out") { $0.escaped(TimeText.text(order.sent)) }
      page.cell { page in
        if order.isSpent {
          page.element("span", class: "mark good", "used")
        } else if now >= order.end {
          page.element("span", class: "mark bad", "too old")
        } else {
          page.element("span", class: "mark warn", "open")
          page.element("span", class: "small", "until \(TimeText.text(order.end))")
        }
      }
    }
    page.markup("</section>\n")
  }

  private func certificateTable(_ page: inout PageText) {
    page.markup("<section><h2>Certificates that were issued</h2>")
    if books.certificateCount > books.certificates.count {
      page.element("p", class: "quiet", "The last \(books.certificates.count) of \(books.certificateCount).")
    }
    page.table(["Serial number", "Customer", "Valid", "State"], books.certificates, none: "None.") { page, issued in
      let certificate = issued.certificate
      page.cell { $0.element("code", certificate.serialNumber.hexadecimal) }
      page.cell { page in
        page.escaped(certificate.subject.commonName ?? "")
        page.element("span", class: "small", certificate.subject.organization ?? "")
      }
      page.cell("valid") { page in
        page.escaped("\(TimeText.text(certificate.notValidBefore)) to \(TimeText.text(certificate.notValidAfter))")
      }
      page.cell { Self.state(&$0, issued, at: now) }
    }
    page.markup("</section>\n")
  }

  private static func state(_ page: inout PageText, _ issued: IssuedCertificate, at now: Date) {
    if issued.isRevoked {
      page.element("span", class: "mark bad", "revoked")
    } else if now > issued.certificate.notValidAfter {
      page.element("span", class: "mark bad", "expired")
    } else if let readyAt = issued.readyAt, readyAt > now {
      page.element("span", class: "mark warn", "not ready")
      page.element("span", class: "small", "until \(TimeText.text(readyAt))")
    } else {
      page.element("span", class: "mark good", issued.isFetched ? "fetched" : issued.readyAt == nil ? "issued" : "ready")
    }
  }

  private func changeTable(_ page: inout PageText) {
    page.markup("<section><h2>What it was told</h2>")
    page.table(["From", "What came of it"], changes, none: "Nothing since it started.") { page, change in
      page.cell { $0.escaped(change.source) }
      page.cell { page in
        if !change.isAccepted { page.element("span", class: "mark bad", "refused") }
        page.element("span", change.isAccepted ? change.reason : " " + change.reason)
      }
    }
    page.markup("</section>\n")
  }

  /// The time of day, with its date where that is another one.
  private static func time(_ date: Date, near now: Date) -> String {
    let text = TimeText.text(date)
    return text.prefix(10) == TimeText.text(now).prefix(10) ? String(text.dropFirst(11)) : text
  }
}

extension PageText {
  /// The style sheet, which escaping would break.
  mutating func style() { raw(PageStyle.css) }

  mutating func link(toRequest number: Int) { raw("<a href=\"/requests/\(number)\">\(number)</a>") }
}
