import Foundation
import TestSupport
import Testing

@testable import ServiceSimulator

@Suite("The page at /", .serialized)
struct PageTests {
  private static let hostile = "<script>alert(1)</script>"

  /// A simulator with something of everything on its page.
  private func busy(_ body: (Workbench) async throws -> Void) async throws {
    try await Workbench.with { bench in
      let id = try #require(try await bench.signNew().value("RetrievalId"))
      _ = try await bench.signNew()
      _ = try await bench.get(id)
      try await bench.simulator.perform("advance 30d")
      _ = try await bench.get(id)
      try await bench.simulator.perform("fault sign-new:close-after-commit x1")
      try await bench.simulator.perform("order \(Self.hostile):2:secretPass")
      let lost = Messages.signNew(
        customerID: "&lt;script&gt;alert(1)&lt;/script&gt;", name: "&lt;img src=x onerror=alert(1)&gt;\u{202E}", id: "2",
        password: "secretPass", request: try Workbench.certificateRequest())
      _ = try await bench.post(Messages.envelope(lost), action: "signNewCertificate")
      _ = try await bench.renew(with: try await bench.customerCertificate(customerID: Messages.customerID))
      try await bench.simulator.perform("revoke latest key-compromise")
      try await bench.simulator.perform("fault get:html-502 x3")
      try await bench.simulator.perform("fault cut-in-body")
      try await bench.simulator.perform("outages 0.05")
      try await bench.simulator.perform("order 7654321-0:3:secretPass")
      _ = try? await bench.simulator.perform("fault \(Self.hostile)")
      _ = try await bench.curl(["-s", bench.base + "/crl/DataProvidersTestIssuingCAv1.crl"])
      _ = try await bench.post("<not a request", action: "getCertificate")
      try await body(bench)
    }
  }

  @Test("It shows what was asked and answered, orders, certificates, faults and the time, and no secret; text is text")
  func contents() async throws {
    try await busy { bench in
      let page = try await bench.curl(["-s", bench.base + "/"])
      #expect(page.status == 200)
      for text in [
        "signNewCertificate", "FAIL PKI020", "FAIL SIM101", "no answer", "committed", "RetrievalId SIM-", "fault close-after-commit",
        "30d ahead of the machine’s", "<code>html-502</code>", "3 times", "until cleared", "about 5 of 100", "used", "open", "revoked",
        "fetched",
        "not ready", "&lt;script&gt;alert(1)&lt;/script&gt;", "refused", "<a href=\"/requests/1\">1</a>", "http-equiv=\"refresh\"",
        bench.base,
      ] { #expect(page.body.contains(text), "\(text)") }
      #expect(!page.body.contains("<script") && !page.body.contains("<img"))
      #expect(!page.body.contains("\u{202E}") && !page.body.contains("secretPass") && !page.body.contains(Workbench.transferID))
      #expect(page.head.contains("Content-Security-Policy: default-src 'none'; style-src 'sha256-"))
      #expect(page.head.contains("Cache-Control: no-store") && page.head.contains("X-Content-Type-Options: nosniff"))
      let still = try await bench.curl(["-s", bench.base + "/still?again"])
      #expect(still.status == 200 && !still.body.contains("http-equiv=\"refresh\""))
      // It is nothing that was asked of the service.
      #expect(!bench.log.lines.contains { $0.hasPrefix("GET / ") || $0.hasPrefix("GET /still") })
      #expect(!bench.simulator.log().contains { $0.path == "/" })
      #expect(try await bench.curl(["-s", "-X", "POST", bench.base + "/"]).status == 405)
    }
  }

  @Test("Each request has its page with both messages, without its secrets")
  func request() async throws {
    try await busy { bench in
      let page = try await bench.curl(["-s", bench.base + "/requests/1"])
      for text in [
        "Request 1", "&lt;TransferPassword&gt;(not shown)&lt;/TransferPassword&gt;", "&lt;TransferId&gt;(not shown)&lt;/TransferId&gt;",
        "&lt;Status&gt;OK&lt;/Status&gt;", "&lt;ds:SignatureValue&gt;", "&quot;committed&quot;:true",
      ] { #expect(page.body.contains(text), "\(text)") }
      #expect(!page.body.contains(Workbench.password) && !page.body.contains(Workbench.transferID))
      let last = bench.simulator.log().count
      let broken = try await bench.curl(["-s", bench.base + "/requests/\(last)"])
      #expect(broken.body.contains("Not shown") && broken.body.contains("SOAP-WELL-FORMED"))
      for path in ["/requests/0", "/requests/\(last + 1)", "/requests/1234567890", "/requests/x", "/requests/"] {
        #expect(try await bench.curl(["-s", bench.base + path]).status == 404)
      }
    }
  }

  @Test("A password in a CDATA section, or with an attribute that the schema lets pass, is not shown either")
  func masking() {
    let text = """
      <a><TransferId xmlns:x="y">12</TransferId><TransferPassword x:b="c"><![CDATA[secret]]></TransferPassword ></a>
      """
    let shown = LoggedMessages(request: Array(text.utf8), response: []).shownRequest
    #expect(shown == "<a>\n<TransferId>(not shown)</TransferId>\n<TransferPassword>(not shown)</TransferPassword >\n</a>")
  }

  @Test("Colours have the contrast that WCAG 2.2 asks for, 4.5 to 1, light and dark")
  func contrast() throws {
    let themes = PageStyle.css.matches(of: /--page: (#[0-9a-f]+);[^}]*/).map { String($0.0) }
    #expect(themes.count == 2)
    for theme in themes {
      let colors = Dictionary(
        theme.matches(of: /--([a-z-]+): #([0-9a-f]{6})/).map { (String($0.1), Self.luminance(String($0.2))) }, uniquingKeysWith: { $1 })
      let plain = ["ink", "quiet", "link"].flatMap { text in ["page", "card", "head"].map { (text, $0) } }
      for (text, ground) in plain + ["bad", "warn", "good"].map({ ($0, "\($0)-card") }) {
        let (a, b) = (try #require(colors[text]), try #require(colors[ground]))
        #expect((max(a, b) + 0.05) / (min(a, b) + 0.05) >= 4.5, "\(text) on \(ground)")
      }
    }
  }

  private static func luminance(_ digits: String) -> Double {
    let parts = [0, 2, 4].map { start -> Double in
      let value = Double(UInt8(digits.dropFirst(start).prefix(2), radix: 16) ?? 0) / 255
      return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
  }

  @Test(
    "In Chromium: nothing on the console, nothing asked of the network, nothing wider than a narrow screen",
    .enabled(if: Chromium.isToRun, Comment(rawValue: Chromium.whySkipped)))
  func browser() async throws {
    try await busy { bench in
      let browser = try Chromium()
      for path in ["/", "/still", "/requests/1"] {
        let visit = try await browser.visit(address: bench.base + path, ["--dump-dom"])
        #expect(visit.console == [] && visit.requests == [], "\(path): \(visit.console) \(visit.requests)")
        #expect(visit.standardOutput.contains(path == "/requests/1" ? "Request 1" : "close-after-commit"))
      }
      for (name, options) in [
        ("wide", ["--window-size=1280,1700"]), ("narrow", ["--window-size=500,2600"]),
        ("dark", ["--window-size=1280,1700", "--blink-settings=preferredColorScheme=0"]),
      ] {
        let picture = bench.folder.path("\(name).png")
        let visit = try await browser.visit(address: bench.base + "/still", ["--screenshot=\(picture)"] + options)
        #expect(visit.console == [] && visit.requests == [])
        #expect((try? Data(contentsOf: URL(filePath: picture)).count) ?? 0 > 10_000)
      }
      // A window has 500 pixels at least, a frame has as many as one likes.
      let page = try await bench.curl(["-s", bench.base + "/still"]).body
      let frame =
        "<iframe width=\"400\" height=\"900\" srcdoc=\"\(PageText.escape(page))\" onload=\"document.title = "
        + "'wide ' + this.contentDocument.documentElement.scrollWidth\"></iframe>"
      try bench.folder.write(Array(frame.utf8), to: "frame.html")
      let narrow = try await browser.visit(bench.folder.path("frame.html"), ["--dump-dom"])
      let width = try #require(narrow.standardOutput.firstMatch(of: /<title>wide (\d+)/).flatMap { Int($0.1) }, "\(narrow.standardOutput)")
      #expect(width <= 400)
    }
  }
}
