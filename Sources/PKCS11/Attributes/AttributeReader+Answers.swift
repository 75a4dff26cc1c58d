internal import CCryptoki

/// One attribute of a question that `C_GetAttributeValue` is asked, and what is answered.
struct AttributeQuestion {
  let type: AttributeType
  /// How many bytes are lent for the value; `nil` when only the length is asked for.
  let capacity: Int?
  /// What is written to the memory lent; more than fits is not written.
  var value: [UInt8] = []
  /// The length that is claimed; `nil` leaves it as it was, and `UInt.max` says that there is no value.
  var length: UInt?
}

extension AttributeReader {
  /// A reader that asks a function of plain Swift in the place of a module: so that what becomes of any answer can be tried out.
  init(operation: String, token: String?, answer: @escaping (inout [AttributeQuestion]) -> ReturnValue) {
    unsafe self.init(operation: operation, token: token) { records, count in
      let records = unsafe UnsafeMutableBufferPointer(start: records, count: Int(count))
      var questions = unsafe records.map { record in
        unsafe AttributeQuestion(
          type: AttributeType(rawValue: record.type), capacity: record.pValue == nil ? nil : Int(clamping: record.ulValueLen))
      }
      let returnValue = answer(&questions)
      for (index, question) in questions.enumerated() {
        if let memory = unsafe records[index].pValue, let capacity = question.capacity {
          unsafe UnsafeMutableRawBufferPointer(start: memory, count: capacity).copyBytes(from: question.value.prefix(capacity))
        }
        if let length = question.length { unsafe records[index].ulValueLen = length }
      }
      return returnValue
    }
  }
}
