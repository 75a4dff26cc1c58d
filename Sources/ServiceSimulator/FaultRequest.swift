/// A fault, the operation it is for, and how often it is to happen.
public struct FaultRequest: Hashable, Sendable, CustomStringConvertible {
  /// What is to go wrong.
  public let fault: ServiceFault
  /// Nothing: every operation that the fault can be asked for.
  public let operation: ServiceOperation?
  /// Nothing: until it is cleared.
  public private(set) var answers: Int?

  /// - Throws: ``SimulatorError`` where the fault does not apply to the operation, or the count is not positive.
  public init(_ fault: ServiceFault, for operation: ServiceOperation? = nil, answers: Int? = nil) throws(SimulatorError) {
    if let operation, !fault.operations.contains(operation) {
      throw SimulatorError(.fault, "set a fault", "\(fault) does not apply to \(operation)")
    }
    guard answers ?? 1 > 0 else { throw SimulatorError(.fault, "set a fault", "a fault happens at least once") }
    self.fault = fault
    self.operation = operation
    self.answers = answers
  }

  /// Reads `NAME` or `OPERATION:NAME`, where the operation is `sign-new`, `renew`, `get` or `crl`, or its name in the WSDL; and how often
  /// it is to happen, as in `get:html-502 x3`.
  ///
  /// - Throws: ``SimulatorError`` by `SIMULATOR-FAULT`.
  public init(parsing text: String) throws(SimulatorError) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    var answers: Int?
    if words.count == 2 {
      guard words[1].count <= 7, let match = words[1].wholeMatch(of: /x(\d+)/), let count = Int(match.1) else {
        throw SimulatorError(.fault, "read a fault", "\(PlainText.of(String(words[1]))) is no count", hint: "write x3 for three times")
      }
      answers = count
    }
    let name = words.count <= 2 ? words[0] : text[...]
    let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    var operation: ServiceOperation?
    if parts.count == 2 {
      guard let named = ServiceOperation(shortName: parts[0]) else {
        throw SimulatorError(
          .fault, "read a fault", "\(PlainText.of(parts[0])) is no operation", hint: "use sign-new, renew, get or crl")
      }
      operation = named
    }
    guard let fault = ServiceFault(rawValue: parts[parts.count - 1]) else {
      throw SimulatorError(
        .fault, "read a fault", "\(PlainText.of(parts[parts.count - 1])) is no fault", hint: "--list-faults shows them all")
    }
    try self.init(fault, for: operation, answers: answers)
  }

  /// The same, to happen so often.
  func happening(_ answers: Int?) -> FaultRequest {
    var copy = self
    copy.answers = answers
    return copy
  }

  public var description: String { (operation.map { "\($0.shortName):" } ?? "") + fault.rawValue + (answers.map { " x\($0)" } ?? "") }
}
