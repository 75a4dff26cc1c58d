internal import CCryptoki

/// Reads a list of numbers as `C_GetSlotList` and `C_GetMechanismList` give them: first how many, then the numbers.
///
/// The list may grow between the two calls; then it is read again.
///
/// - Throws: ``PKCS11Rule/listSize`` when the module claims more than 65,536 entries or the list never holds still.
func numberList(
  _ operation: String, query: (UnsafeMutablePointer<CK_ULONG>?, inout CK_ULONG) -> ReturnValue,
  failure: (ReturnValue, String) -> PKCS11Error
) throws(PKCS11Error) -> [CK_ULONG] {
  for _ in 0..<8 {
    var count: CK_ULONG = 0
    let sizeAnswer = query(nil, &count)
    guard sizeAnswer == .ok else { throw failure(sizeAnswer, operation) }
    guard count <= 65_536 else { throw implausible(count, operation) }
    if count == 0 { return [] }
    var numbers = [CK_ULONG](repeating: 0, count: Int(count))
    let answer = unsafe numbers.withUnsafeMutableBufferPointer { unsafe query($0.baseAddress, &count) }
    if answer == .bufferTooSmall { continue }
    guard answer == .ok else { throw failure(answer, operation) }
    guard count <= numbers.count else { throw implausible(count, operation) }
    numbers.removeLast(numbers.count - Int(count))
    return numbers
  }
  throw PKCS11Error(rule: .listSize, operation: operation, message: "the list changed each time it was read", hint: "try again")
}

/// The same with a function of plain Swift in the place of a module's: what becomes of any answer can be tried out.
///
/// - Parameter answer: is told how many numbers fit, `nil` when only their count is asked for; gives the count that is claimed, the numbers
///   that are written as far as they fit, and the return value.
func numberList(
  _ operation: String, answer: (Int?) -> (count: UInt, numbers: [UInt], ReturnValue), failure: (ReturnValue, String) -> PKCS11Error
) throws(PKCS11Error) -> [UInt] {
  try unsafe numberList(
    operation,
    query: { memory, count in
      let (claimed, numbers, returnValue) = answer(unsafe memory == nil ? nil : Int(count))
      if let memory = unsafe memory {
        for (index, number) in numbers.prefix(Int(count)).enumerated() { unsafe memory[index] = number }
      }
      count = claimed
      return returnValue
    }, failure: failure)
}

private func implausible(_ count: CK_ULONG, _ operation: String) -> PKCS11Error {
  PKCS11Error(rule: .listSize, operation: operation, message: "the module claims a list of \(count) entries")
}
