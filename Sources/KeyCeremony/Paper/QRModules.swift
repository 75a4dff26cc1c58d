internal import CQRCode

/// The wall to libqrencode: the modules of a QR code. The one file that calls it, and one of two here with `unsafe` in them.
enum QRModules {
  /// The largest text, in octets.
  static let maximumLength = 1024

  /// What a text's QR code looks like, dark or light, line by line; error correction level M, without the quiet zone.
  ///
  /// Nothing of the text is left in memory by this.
  static func make(_ text: Span<UInt8>) throws(CeremonyError) -> (isDark: [Bool], width: Int) {
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
    return (unsafe UnsafeBufferPointer(start: modules, count: width * width).map { $0 != 0 }, width)
  }
}
