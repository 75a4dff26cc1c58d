import KeyEvidence
import Secrets

/// A QR code as a drawing within a page (SVG): dark on white, whatever the page's colours, with the quiet zone of four modules.
struct QRCode {
  /// The drawing as pieces of a page. Its path is a secret if the text is one.
  let pieces: [PagePiece]

  /// - Parameter title: what is in it, in a few words, for those who do not see it.
  init(_ text: HeldSecret, title: String) throws(CeremonyError) {
    let drawing = try text.withBytes { bytes throws(CeremonyError) in
      try QRModules.withModules(of: bytes) { modules, width in (path: Self.path(modules, width), width: width) }
    }
    let size = drawing.width + 2 * Self.quietZone
    pieces = [
      .text(
        """
        <svg class="qr" viewBox="0 0 \(size) \(size)" role="img" shape-rendering="crispEdges"><title>\(HTMLText.escape(title))</title>\
        <rect width="\(size)" height="\(size)" fill="#fff"/><path fill="#000" d="
        """), .secret(drawing.path), .text("\"/></svg>"),
    ]
  }

  /// A text that is no secret, as markup.
  static func markup(_ text: String, title: String) throws(CeremonyError) -> String {
    try QRCode(HeldSecret(SecretBytes(copying: Array(text.utf8))), title: title).pieces.map { piece in
      switch piece {
      case .text(let text): text
      case .secret(let path): path.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
      }
    }.joined()
  }

  /// Modules of light around the code, by ISO/IEC 18004.
  private static let quietZone = 4

  /// The dark modules, a rectangle for each run in a line.
  private static func path(_ modules: Span<UInt8>, _ width: Int) -> HeldSecret {
    // "M123 123h123v1h-123z" and some more
    let longest = 24
    return HeldSecret(
      SecretBytes(capacity: (width + 1) / 2 * width * longest) { (output: inout OutputSpan<UInt8>) in
        for line in 0..<width {
          var column = 0
          while column < width {
            guard modules[line * width + column] == 1 else {
              column += 1
              continue
            }
            let start = column
            while column < width, modules[line * width + column] == 1 { column += 1 }
            append("M", start + quietZone, to: &output)
            append(" ", line + quietZone, to: &output)
            append("h", column - start, to: &output)
            append("v1h-", column - start, to: &output)
            output.append(UInt8(ascii: "z"))
          }
        }
      })
  }

  private static func append(_ letters: StaticString, _ number: Int, to output: inout OutputSpan<UInt8>) {
    for letter in "\(letters)".utf8 { output.append(letter) }
    if number >= 100 { output.append(UInt8(ascii: "0") + UInt8(number / 100)) }
    if number >= 10 { output.append(UInt8(ascii: "0") + UInt8(number / 10 % 10)) }
    output.append(UInt8(ascii: "0") + UInt8(number % 10))
  }
}

/// A part of a page.
enum PagePiece {
  case text(String)
  case secret(HeldSecret)

  /// The pieces one after another, in memory that is wiped.
  static func together(_ pieces: [PagePiece]) -> HeldSecret {
    let size = pieces.reduce(0) { size, piece in
      switch piece {
      case .text(let text): size + text.utf8.count
      case .secret(let secret): size + secret.count
      }
    }
    return HeldSecret(
      SecretBytes(capacity: size) { (output: inout OutputSpan<UInt8>) in
        for piece in pieces {
          switch piece {
          case .text(let text): for byte in text.utf8 { output.append(byte) }
          case .secret(let secret):
            secret.withBytes { bytes in
              for index in bytes.indices { output.append(bytes[index]) }
            }
          }
        }
      })
  }
}
