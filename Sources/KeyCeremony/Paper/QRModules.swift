internal import CQRCode

/// The wall to libqrencode: the modules of a QR code. The one file that calls it, and one of two here with `unsafe` in them.
enum QRModules {
  /// The largest text, in octets.
  static let maximumLength = 1024

  /// Lends what a text's QR code looks like: 1 for dark, 0 for light, line by line; error correction level M, without the quiet zone.
  ///
  /// It is wiped afterwards, and nothing of the text is left in memory by this.
  static func withModules<Result>(
    of text: Span<UInt8>, _ body: (_ modules: Span<UInt8>, _ width: Int) -> Result
  ) throws(CeremonyError) -> Result {
    var modules: UnsafeMutablePointer<UInt8>?
    var width = 0
    let outcome = unsafe text.withUnsafeBufferPointer { text in
      unsafe hsmkey_qr_encode(text.baseAddress, text.count, &modules, &width)
    }
    defer { unsafe hsmkey_qr_free(modules, width) }
    guard Int(outcome) == HSMKEY_QR_OK, let modules = unsafe modules else {
      throw CeremonyError(
        .planSense, operation: "draw a QR code",
        message: Int(outcome) == HSMKEY_QR_TEXT
          ? "a QR code holds 1 to \(maximumLength) octets, none of them zero" : "there is no memory for it")
    }
    return body(unsafe Span(_unsafeStart: modules, count: width * width), width)
  }
}
