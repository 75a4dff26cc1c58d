import Foundation

extension ServiceEndpoint {
  /// The pages for people: `/`, `/still` and `/requests/N`.
  func page(_ request: IncomingRequest) async -> Answer? {
    let html: String
    if request.path == "/favicon.ico" { return Answer(status: 404, note: "-> 404", isLogged: false) }
    if request.path == "/" || request.path == "/still" {
      html = await overview(isLive: request.path == "/").html
    } else if let number = request.path.wholeMatch(of: /\/requests\/(\d{1,9})/).flatMap({ Int($0.1) }) {
      guard let found = log.request(number) else { return Self.unlogged(.plain(404, "no such request, or not kept any more")) }
      html = RequestPage(request: found.request, messages: found.messages).html
    } else {
      return nil
    }
    guard request.method == "GET" || request.method == "HEAD" else {
      return Self.unlogged(.plain(405, "only GET", headers: [("Allow", "GET, HEAD")]))
    }
    return Answer(
      status: 200,
      headers: [
        ("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", PageStyle.policy), ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"),
      ], body: Array(html.utf8), note: "-> 200", isLogged: false)
  }

  private static func unlogged(_ answer: Answer) -> Answer {
    var answer = answer
    answer.isLogged = false
    return answer
  }

  private func overview(isLive: Bool) async -> ServicePage {
    let latest = log.latest(ServicePage.rows)
    return ServicePage(
      address: address, environment: configuration.environment, now: clock.now, offset: clock.offset, isClockStopped: clock.isStopped,
      requests: latest.requests, requestCount: latest.total, changes: log.changes.suffix(ServicePage.rows).reversed(),
      faults: faults.requests, outageRate: faults.outageRate, books: await desk.books(rows: ServicePage.rows), isLive: isLive)
  }
}
