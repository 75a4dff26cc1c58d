import Foundation
import Testing
import TestSupport

/// A page of a ceremony in a real browser: on a screen, on a narrow one, on paper. What it looked like stays in `.build/paper`.
struct PaperBrowser {
  /// What `pdftotext` reads, a text for each sheet.
  let sheets: [String]
  /// What `pdfinfo` says.
  let information: String
  /// What the QR codes on the pictures of the sheets hold, in their order.
  let codes: [String]
  /// By how many CSS pixels the page is wider than a window of 360.
  let overflow: Int

  static let isToRun = Chromium.isToRun
  static let whySkipped: Comment = Comment(rawValue: Chromium.whySkipped + ", and zbarimg (Debian: apt install zbar-tools)")

  init(_ html: String, name: String) async throws {
    let folder = OfficialMaterial.projectFolder.appending(path: ".build/paper").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let base = "\(folder)/\(name)"
    try Data(html.utf8).write(to: URL(filePath: base + ".html"))
    let browser = try Chromium()
    for visit in [
      try await browser.visit(base + ".html", ["--no-pdf-header-footer", "--print-to-pdf=\(base).pdf"]),
      try await browser.visit(base + ".html", ["--screenshot=\(base).png", "--window-size=1000,1800"]),
    ] {
      #expect(visit.console == [] && visit.requests == [])
    }
    information = try await run("pdfinfo", [base + ".pdf"]).standardOutput
    sheets = try await run("pdftotext", ["-layout", base + ".pdf", "-"]).standardOutput.split(separator: "\u{0C}").map(String.init)
    for old in try FileManager.default.contentsOfDirectory(atPath: folder) where old.hasPrefix("\(name)-sheet") {
      try FileManager.default.removeItem(atPath: "\(folder)/\(old)")
    }
    _ = try await run("pdftoppm", ["-r", "110", "-png", base + ".pdf", base + "-sheet"])
    let pictures = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("\(name)-sheet") }.sorted()
    let read = try await run("zbarimg", ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"] + pictures.map { "\(folder)/\($0)" })
    codes = read.standardOutput.split(separator: "\n").map(String.init)
    overflow = try await Self.overflow(of: html, base: base, browser)
  }

  /// The page in a frame 360 pixels wide: headless windows are not so narrow. A script of the test's own measures it.
  private static func overflow(of html: String, base: String, _ browser: Chromium) async throws -> Int {
    // The page's policy forbids scripts, so the copy that is measured has none.
    let copy = html.replacing(/<meta http-equiv="Content-Security-Policy"[^>]*>/, with: "")
    let measuring =
      "<script>parent.postMessage(document.documentElement.scrollWidth - document.documentElement.clientWidth, '*')</script></body>"
    try Data(copy.replacing("</body>", with: measuring).utf8).write(to: URL(filePath: base + "-narrow.html"))
    let name = URL(filePath: base).lastPathComponent
    let frame = """
      <!doctype html><body style="margin:0"><script>addEventListener('message', e => document.body.dataset.width = e.data)</script>
      <iframe src="\(name)-narrow.html" style="width:360px;height:3000px;border:0"></iframe></body>
      """
    try Data(frame.utf8).write(to: URL(filePath: base + "-frame.html"))
    _ = try await browser.visit(base + "-frame.html", ["--screenshot=\(base)-narrow.png", "--window-size=500,3000"])
    let visit = try await browser.visit(base + "-frame.html", ["--dump-dom", "--virtual-time-budget=2000"])
    return Int(visit.standardOutput.firstMatch(of: /data-width="(\d+)"/)?.1 ?? "") ?? .max
  }

  /// The text of all sheets without spaces.
  var words: String { sheets.joined().filter { !$0.isWhitespace } }
}
