/// Where bytes stop being UTF-8. That they are is the standard library's to say.
enum UTF8Validation {
  /// The offset of the first byte that no character begins with.
  static func firstInvalid(in bytes: [UInt8], from start: Int, to end: Int) -> Int {
    var position = start
    while position < end {
      let length = lengthOfCharacter(in: bytes, at: position, end)
      guard length > 0 else { return position }
      position += length
    }
    return start
  }

  /// 0 where there is no character.
  private static func lengthOfCharacter(in bytes: [UInt8], at position: Int, _ end: Int) -> Int {
    for length in 1...4 where position + length <= end {
      if String(validating: bytes[position..<(position + length)], as: UTF8.self) != nil { return length }
    }
    return 0
  }
}
