/// Text of others made fit for one line on a terminal, in a log or in an error message.
enum SafeText {
  /// Control, formatting (bidirectional overrides, zero-width), separator, private and unassigned characters become spaces,
  /// runs of spaces become one, and what is longer than `limit` Unicode scalars is cut and ends with "…".
  static func oneLine(_ text: String, limit: Int = 200) -> String {
    var result = String.UnicodeScalarView()
    var count = 0
    var pendingSpace = false
    for scalar in text.unicodeScalars {
      guard isPrintable(scalar), scalar != " " else {
        pendingSpace = true
        continue
      }
      if count + (pendingSpace && count > 0 ? 2 : 1) > limit {
        result.append("…")
        break
      }
      if pendingSpace, count > 0 {
        result.append(" ")
        count += 1
      }
      pendingSpace = false
      result.append(scalar)
      count += 1
    }
    return String(result)
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    default: true
    }
  }
}
