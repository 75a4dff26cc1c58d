import Crypto
import Foundation
import KeyEvidence

/// The frame of a page for paper: no scripts, nothing that is fetched from anywhere; a policy in the page forbids all but its one style.
struct PaperPage {
  let title: String
  /// What stands at the foot of each sheet, beside the number of the page: letters, digits and a few signs.
  let foot: String
  var extraStyle = ""

  /// What stands before the content.
  var opening: String {
    let css = PaperStyle.css(foot: foot) + extraStyle
    let digest = Data(SHA256.hash(data: Array(css.utf8))).base64EncodedString()
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-\(digest)'; \
      base-uri 'none'; form-action 'none'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="referrer" content="no-referrer">
      <title>\(HTMLText.escape(title))</title>
      <style>\(css)</style>
      </head>
      <body>

      """
  }

  /// What stands after it.
  static let closing = "\n</body>\n</html>\n"

  /// The page.
  func text(_ content: String) -> String { opening + content + Self.closing }
}

/// Pieces that the pages of a ceremony have in common.
enum PaperParts {
  /// A text of several lines perhaps.
  static func prose(_ text: String) -> String {
    let lines = text.split(whereSeparator: \.isNewline)
    return "<bdi>\(lines.map { HTMLText.escape(String($0)) }.joined(separator: "<br>"))</bdi>"
  }

  /// A section with its heading.
  static func section(_ title: String, id: String, _ content: String, style: String = "") -> String {
    content.isEmpty
      ? ""
      : """
      <section aria-labelledby="\(id)"\(style.isEmpty ? "" : " class=\"\(style)\"")>
      <h2 id="\(id)">\(HTMLText.escape(title))</h2>
      \(content)
      </section>
      """
  }

  /// Facts by name. The values are markup.
  static func facts(_ facts: [(name: String, value: String)]) -> String {
    let rows = facts.map { "<dt>\(HTMLText.escape($0.name))</dt><dd>\($0.value)</dd>" }
    return "<dl class=\"facts\">\n\(rows.joined(separator: "\n"))\n</dl>"
  }

  /// A table whose cells are markup; empty for no rows. Each row stays on one sheet; on a narrow screen it is a block of its own.
  static func table(_ style: String, _ columns: [String], _ rows: [[String]]) -> String {
    guard !rows.isEmpty else { return "" }
    let heads = columns.map { "<th scope=\"col\">\($0)</th>" }.joined()
    let body = rows.map { row in
      let cells = zip(columns, row).enumerated().map { index, cell in
        index == 0 ? "<th scope=\"row\">\(cell.1)</th>" : "<td data-name=\"\(cell.0)\">\(cell.1)</td>"
      }
      return "<tr>\(cells.joined())</tr>"
    }
    return """
      <table class="\(style)">
      <thead><tr>\(heads)</tr></thead>
      <tbody>
      \(body.joined(separator: "\n"))
      </tbody>
      </table>
      """
  }

  /// A SHA-256 as hexadecimal, as its 32 numbered words, and as a QR code of a text.
  static func digest(_ sha256: [UInt8], code: String, title: String) throws(CeremonyError) -> String {
    """
    <div class="digest">
    <div>
    <p class="hexadecimal">\(HTMLText.digits(EvidenceText.hexadecimal(sha256)))</p>
    \(words(sha256))
    </div>
    <figure>\(try QRCode.markup(code, title: title))<figcaption>\(HTMLText.escape(title))</figcaption></figure>
    </div>
    """
  }

  /// The words of a digest with their numbers, from 1.
  static func words(_ sha256: [UInt8]) -> String {
    let words = FingerprintWords.words(for: sha256).enumerated().map { "<li><span>\($0.offset + 1)</span> \($0.element)</li>" }
    return "<ol class=\"words\">\(words.joined())</ol>"
  }
}
