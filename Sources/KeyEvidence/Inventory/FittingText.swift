extension String {
  /// The text as a file may hold it: without control characters, and not longer than so many bytes. What is cut ends with "…".
  func fitting(_ maximumBytes: Int) -> String {
    if utf8.count <= maximumBytes, utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return self }
    var scalars = String.UnicodeScalarView()
    var byteCount = 0
    for scalar in unicodeScalars {
      let shown = scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar
      byteCount += UTF8.width(shown)
      guard byteCount <= maximumBytes else {
        while let last = scalars.last, byteCount > maximumBytes - 3 {
          byteCount -= UTF8.width(last)
          scalars.removeLast()
        }
        scalars.append("…")
        break
      }
      scalars.append(shown)
    }
    return String(scalars)
  }
}
