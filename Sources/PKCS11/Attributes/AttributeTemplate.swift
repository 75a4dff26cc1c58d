internal import CCryptoki

extension [Attribute] {
  /// Lends the attributes in the form that a module reads, for the length of one call.
  ///
  /// The records and all values live in memory of ours until the call has returned; each value is aligned as a `CK_ULONG` is, because
  /// modules read numbers in place.
  func withTemplate(_ body: (UnsafePointer<CK_ATTRIBUTE>, CK_ULONG) -> ReturnValue) -> ReturnValue {
    let byteCount = reduce(0) { $0 + AttributeMemory.padded($1.value.count) }
    return unsafe withUnsafeTemporaryAllocation(byteCount: Swift.max(byteCount, 1), alignment: AttributeMemory.alignment) { values in
      unsafe withUnsafeTemporaryAllocation(of: CK_ATTRIBUTE.self, capacity: Swift.max(count, 1)) { records in
        var offset = 0
        for (index, attribute) in enumerated() {
          let end = offset + attribute.value.count
          unsafe UnsafeMutableRawBufferPointer(rebasing: values[offset..<end]).copyBytes(from: attribute.value)
          let record = unsafe CK_ATTRIBUTE(
            type: attribute.type.rawValue, pValue: values.baseAddress! + offset, ulValueLen: CK_ULONG(attribute.value.count))
          unsafe records.initializeElement(at: index, to: record)
          offset += AttributeMemory.padded(attribute.value.count)
        }
        return unsafe body(UnsafePointer(records.baseAddress!), CK_ULONG(count))
      }
    }
  }
}

/// How attribute values lie in memory that is lent to a module.
enum AttributeMemory {
  static let alignment = MemoryLayout<CK_ULONG>.alignment

  /// The space a value takes so that the next one is aligned.
  static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}
