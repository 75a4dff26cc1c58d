import Foundation
import KeyEvidence
import TestSupport
import Testing

@testable import Commands

@Suite("audit: the report for a browser and for paper", .serialized)
struct AuditPageTests {
  /// Labels that try to be more than text.
  private static let hostile = [
    "<script>document.title = 'owned'; fetch('http://127.0.0.1:9/stolen')</script>", "\"><img src=http://127.0.0.1:9/x onerror=alert(1)>",
    "</style></title><style>body{display:none}</style>", "a\u{202E}txt.exe\u{2066}", String(repeating: "w", count: 1000),
    "&lt;b&gt; &amp; 'quoted' \"twice\"", "<svg/onload=alert(1)>", "{{7*7}} ${7*7}", "名前 מפתח مفتاح", "https://127.0.0.1:9/link",
  ]

  private static func report(keys count: Int = 0) throws -> AuditReport {
    var builder = InventoryBuilder()
    let names = hostile + (0..<count).map { "key number \($0)" }
    for (number, name) in names.enumerated() {
      var claims = AttributeClaims()
      for (attribute, value) in [
        (InventoryAttribute.sensitive, true), (.extractable, number.isMultiple(of: 3)), (.sign, true), (.local, true),
      ] {
        claims[truth: attribute] = value
      }
      let id = String(format: "%040d", number)
      let sha256 = String(format: "%064x", number + 1)
      let half = InventoryHalf(label: name, id: id, attributes: claims, verdict: .init(objections: [], violated: [], notClaimed: []))
      builder.add(privateHalf: .init(half, algorithm: "ecdsa-p256", publicKeySHA256: sha256))
      builder.add(publicHalf: .init(.init(label: name, id: id, attributes: claims), algorithm: "ecdsa-p256", publicKeySHA256: sha256))
    }
    builder.add(InventoryObject(objectClass: "CKO_DATA", label: hostile[0], id: "", attributes: .init()))
    let contents = InventoryCertificate.Contents(
      subject: "CN=\(hostile[1])", issuer: "CN=\(hostile[2])", serial: "2a", notBefore: Date(timeIntervalSince1970: 1_700_000_000),
      notAfter: Date(timeIntervalSince1970: 1_800_000_000), publicKeySHA256: String(format: "%064x", 1), keyAlgorithm: "ecdsa-p256",
      signatureAlgorithm: "ecdsaWithSHA256", isAuthority: false)
    builder.add(
      InventoryCertificate(label: hostile[4], id: "00", sha256: String(repeating: "ab", count: 32), attributes: .init(), contents: contents)
    )
    let token = TokenInventory.Token(
      label: hostile[2], manufacturer: hostile[1], model: hostile[3], serial: hostile[0], hardwareVersion: "1.0", firmwareVersion: "1.0")
    let inventory = builder.inventory(
      of: token, scope: .all, policy: "non-exportable-signing", madeAt: Date(timeIntervalSince1970: 1_790_000_000), madeBy: "test 1")
    return try AuditReport(inventory, against: nil, failOn: .violation, notes: ["a note with <b>markup</b>"])
  }

  @Test("texts of the token are text: no markup, no direction, nothing unseen")
  func escaping() throws {
    let page = AuditPage(try Self.report()).text
    #expect(!page.contains("<script") && !page.contains("<img") && !page.contains("<svg") && !page.contains("onerror=alert(1)>"))
    #expect(page.components(separatedBy: "<style").count == 2)
    #expect(!page.unicodeScalars.contains { $0.properties.generalCategory == .format })
    #expect(page.contains("a\\u{202e}txt.exe\\u{2066}"))
    #expect(page.contains("&amp;lt;b&amp;gt; &amp;amp; &#39;quoted&#39; &quot;twice&quot;"))
    // Every table says what its columns and rows are; nothing is fetched from anywhere.
    #expect(!page.contains("<th>") && page.contains("<th scope=\"col\">") && page.contains("<html lang=\"en\">"))
    #expect(!page.contains("href=") && !page.contains("src=\"") && !page.contains("url(") && !page.contains("@import"))
    #expect(page.contains("default-src 'none'; style-src 'sha256-"))
  }

  @Test("a rule's sentence is marked as one; that a key signed the inventory is told")
  func words() throws {
    var report = try Self.report()
    let demand = "<span class=\"demand\">Rule: A private or secret key cannot leave the token"
    #expect(AuditPage(report).text.contains(demand))
    #expect(AuditPage(report).text.contains("No key was used."))
    report.written = .init(file: "inventory", key: "auditor", publicKeySHA256: "00")
    #expect(AuditPage(report).text.contains("auditor</bdi> signed the inventory that was written; no other was used."))
  }

  @Test("colours have the contrast that WCAG 2.2 asks for, 4.5 to 1, light, dark and on paper")
  func contrast() throws {
    let css = AuditPageStyle.css
    let themes = css.matches(of: /--page: (#[0-9a-f]+);[^}]*/).map { String($0.0) }
    #expect(themes.count == 3)
    for theme in themes {
      let colors = Dictionary(
        theme.matches(of: /--([a-z-]+): #([0-9a-f]{3,6})/).map { (String($0.1), Self.luminance(String($0.2))) }, uniquingKeysWith: { $1 })
      let pairs = [("ink", "page"), ("ink", "card"), ("quiet", "page"), ("quiet", "card"), ("quiet", "head")]
      let marks = ["violation", "warning", "notice", "good"].flatMap { [($0, "\($0)-card"), ($0, "card")] }
      for (text, ground) in pairs + marks {
        let (a, b) = (try #require(colors[text]), try #require(colors[ground]))
        #expect((max(a, b) + 0.05) / (min(a, b) + 0.05) >= 4.5, "\(text) on \(ground)")
      }
    }
  }

  private static func luminance(_ hexadecimal: String) -> Double {
    let digits = hexadecimal.count == 3 ? hexadecimal.map { "\($0)\($0)" }.joined() : hexadecimal
    let parts = [0, 2, 4].map { start -> Double in
      let pair = digits.dropFirst(start).prefix(2)
      let value = Double(UInt8(pair, radix: 16) ?? 0) / 255
      return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
  }

  @Test(
    "in Chromium: nothing on the console, nothing asked of the network, every key there to be read",
    .enabled(if: Chromium.isToRun, Comment(rawValue: Chromium.whySkipped)))
  func browser() async throws {
    let folder = try TemporaryFolder()
    let browser = try Chromium()
    // That the browser would tell is shown by a page that gives it reason to.
    try folder.write("<img src='http://127.0.0.1:9/x.png'><script>console.log('seen')</script>".utf8, to: "control.html")
    let control = try await browser.visit(folder.path("control.html"), ["--dump-dom"])
    #expect(control.requests == ["http://127.0.0.1:9/x.png"])
    #expect(control.console.count == 1)

    let report = try Self.report(keys: 60)
    try folder.write(AuditPage(report).text.utf8, to: "report.html")
    let visit = try await browser.visit(folder.path("report.html"), ["--dump-dom"])
    #expect(visit.console == [])
    #expect(visit.requests == [])
    #expect(visit.standardOutput.contains("key number 59"))
    #expect(!visit.standardOutput.contains("owned</title>"))
    for size in ["1200,1600", "360,800"] {
      let picture = folder.path("\(size).png")
      let visit = try await browser.visit(folder.path("report.html"), ["--screenshot=\(picture)", "--window-size=\(size)"])
      #expect(visit.console == [] && visit.requests == [])
      #expect((try? Data(contentsOf: URL(filePath: picture)).count) ?? 0 > 10_000)
    }
  }

  @Test(
    "on paper: A4, every key and fingerprint, the head of a table on each of its pages",
    .enabled(if: Chromium.isToRun, Comment(rawValue: Chromium.whySkipped)))
  func paper() async throws {
    let folder = try TemporaryFolder()
    let report = try Self.report(keys: 60)
    try folder.write(AuditPage(report).text.utf8, to: "report.html")
    let visit = try await Chromium().visit(
      folder.path("report.html"), ["--no-pdf-header-footer", "--print-to-pdf=" + folder.path("report.pdf")])
    #expect(visit.console == [] && visit.requests == [])
    let information = try await run("pdfinfo", [folder.path("report.pdf")])
    #expect(information.standardOutput.contains("(A4)"))
    let text = try await run("pdftotext", ["-layout", folder.path("report.pdf"), "-"]).standardOutput
    let words = text.filter { !$0.isWhitespace }
    for key in report.present.keys {
      let sha256 = try #require(key.publicKeySHA256)
      #expect(words.contains(sha256), "\(key.label)")
    }
    for number in 0..<60 { #expect(words.contains("keynumber\(number)")) }
    let pages = text.split(separator: "\u{0C}")
    let withKeys = pages.filter { $0.contains("public key, SHA-256") && $0.contains("key number") }
    #expect(withKeys.count >= 3)
    for page in withKeys { #expect(page.contains("Certified until") || page.contains("Key and signature"), "\(page.prefix(300))") }
    for (number, page) in pages.enumerated() { #expect(page.contains("\(number + 1) / ")) }
  }

  @Test("for a terminal: within its columns, whatever the labels; nothing that steers it", arguments: [40, 60, 80, 120])
  func terminal(_ width: Int) throws {
    let text = AuditText(try Self.report(), width: width).text
    #expect(!text.unicodeScalars.contains { $0 != "\n" && [.control, .format].contains($0.properties.generalCategory) })
    // A word that is longer than a line stays whole, to be copied.
    let long = text.split(separator: "\n").filter { line in
      line.count > width && !line.contains { _ in line.split(separator: " ").contains { $0.count > width / 3 } }
    }
    #expect(long.isEmpty, "\(long)")
    let table = text.split(separator: "\n").drop { !$0.hasPrefix("10 keys") }.dropFirst().prefix { $0.hasPrefix("  ") }
    #expect(table.count == 11 && table.allSatisfy { $0.count <= width }, "\(table)")
  }
}
