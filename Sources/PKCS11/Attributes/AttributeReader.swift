internal import CCryptoki

/// Reads attributes with `C_GetAttributeValue`: the lengths of all in one call, then the values of all in another.
///
/// The answers `CKR_ATTRIBUTE_SENSITIVE` and `CKR_ATTRIBUTE_TYPE_INVALID` are about single attributes and do not fail the others. When
/// more than one is missing, each missing one is asked for alone, because the answer for several tells the reason of one only.
@safe struct AttributeReader {
  static let maximumByteCount = 1 << 20
  static let maximumTotalByteCount = 4 << 20

  let operation: String
  let token: String?
  /// Calls `C_GetAttributeValue`.
  let query: (UnsafeMutablePointer<CK_ATTRIBUTE>, CK_ULONG) -> ReturnValue

  func read(_ types: [AttributeType]) throws(PKCS11Error) -> AttributeValues {
    for type in types where type.isTemplate {
      throw PKCS11Error(rule: .attributeFlat, token: token, operation: operation, message: "\(type) holds attributes with pointers")
    }
    var contents: [AttributeType: AttributeValue.Content] = [:]
    if types.isEmpty { return AttributeValues([:], token: token) }
    let (answer, lengths) = try self.lengths(types)
    let missingCount = lengths.count { $0 == nil }
    var present: [(type: AttributeType, byteCount: Int)] = []
    for (type, length) in zip(types, lengths) {
      if let length {
        present.append((type, length))
      } else if missingCount == 1 {
        contents[type] = answer == .attributeSensitive ? .sensitive : .unavailable
      } else {
        let (answer, lengths) = try self.lengths([type])
        if let length = lengths[0] {
          present.append((type, length))
        } else {
          contents[type] = answer == .attributeSensitive ? .sensitive : .unavailable
        }
      }
    }
    try checkSizes(present)
    for (type, content) in try values(present) { contents[type] = content }
    return AttributeValues(contents.mapValues { AttributeValue(content: $0) }, token: token)
  }

  /// The length of each value; `nil` where the module gives none.
  private func lengths(_ types: [AttributeType]) throws(PKCS11Error) -> (ReturnValue, [Int?]) {
    var lengths: [Int?] = []
    let answer = unsafe withUnsafeTemporaryAllocation(of: CK_ATTRIBUTE.self, capacity: types.count) { records in
      for (index, type) in types.enumerated() {
        // A module that stops at the first missing attribute leaves the others as they are here: asked for alone later.
        let record = unsafe CK_ATTRIBUTE(type: type.rawValue, pValue: nil, ulValueLen: CK_UNAVAILABLE_INFORMATION)
        unsafe records.initializeElement(at: index, to: record)
      }
      let answer = unsafe query(records.baseAddress!, CK_ULONG(records.count))
      lengths = unsafe records.map { unsafe $0.ulValueLen == CK_UNAVAILABLE_INFORMATION ? nil : Int(clamping: $0.ulValueLen) }
      return answer
    }
    try check(answer)
    return (answer, lengths)
  }

  private func values(
    _ wanted: [(type: AttributeType, byteCount: Int)]
  ) throws(PKCS11Error) -> [(AttributeType, AttributeValue.Content)] {
    // Where nothing is to be read, no memory can be lent, and a null pointer would ask for the length again.
    var contents = wanted.filter { $0.byteCount == 0 }.map { ($0.type, AttributeValue.Content.bytes([])) }
    let wanted = wanted.filter { $0.byteCount > 0 }
    if wanted.isEmpty { return contents }
    var overrun: AttributeType?
    let byteCount = wanted.reduce(0) { $0 + AttributeMemory.padded($1.byteCount) }
    let answer = unsafe withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: AttributeMemory.alignment) { memory in
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
      return unsafe withUnsafeTemporaryAllocation(of: CK_ATTRIBUTE.self, capacity: wanted.count) { records in
        var offset = 0
        for (index, item) in wanted.enumerated() {
          let record = unsafe CK_ATTRIBUTE(
            type: item.type.rawValue, pValue: memory.baseAddress! + offset, ulValueLen: CK_ULONG(item.byteCount))
          unsafe records.initializeElement(at: index, to: record)
          offset += AttributeMemory.padded(item.byteCount)
        }
        let answer = unsafe query(records.baseAddress!, CK_ULONG(records.count))
        offset = 0
        for (index, item) in wanted.enumerated() {
          let length = unsafe records[index].ulValueLen
          if length == CK_UNAVAILABLE_INFORMATION {
            contents.append((item.type, answer == .attributeSensitive ? .sensitive : .unavailable))
          } else if length > item.byteCount {
            overrun = item.type
          } else {
            contents.append((item.type, .bytes(unsafe [UInt8](memory[offset..<offset + Int(length)]))))
          }
          offset += AttributeMemory.padded(item.byteCount)
        }
        return answer
      }
    }
    try check(answer)
    if let overrun {
      throw PKCS11Error(
        rule: .attributeLength, function: CryptokiFunction.C_GetAttributeValue.name, token: token, operation: operation,
        message: "\(overrun) became longer while it was read", hint: "try again")
    }
    return contents
  }

  private func check(_ answer: ReturnValue) throws(PKCS11Error) {
    guard answer == .ok || answer == .attributeSensitive || answer == .attributeTypeInvalid else {
      throw PKCS11Error(
        function: CryptokiFunction.C_GetAttributeValue.name, returnValue: answer, token: token, operation: operation)
    }
  }

  private func checkSizes(_ items: [(type: AttributeType, byteCount: Int)]) throws(PKCS11Error) {
    var total = 0
    for item in items {
      guard item.byteCount <= Self.maximumByteCount else { throw tooLong("\(item.type) claims \(item.byteCount) bytes") }
      total += item.byteCount
    }
    guard total <= Self.maximumTotalByteCount else { throw tooLong("the attributes claim \(total) bytes together") }
  }

  private func tooLong(_ message: String) -> PKCS11Error {
    PKCS11Error(
      rule: .attributeSize, function: CryptokiFunction.C_GetAttributeValue.name, token: token, operation: operation,
      message: message + ", which is more than is read at once")
  }
}
