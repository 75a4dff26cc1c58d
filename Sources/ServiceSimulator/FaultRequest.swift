/// A fault, the operation it is for, and how often it is to happen.
public struct FaultRequest: Hashable, Sendable, CustomStringConvertible {
  /// What is to go wrong.
  public let fault: ServiceFault
  /// Nothing: every operation that the fault can be asked for.
  public let operation: ServiceOperation?
  /// Nothing: until it is cleared.
  public let answers: Int?

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

  /// Reads `NAME` or `OPERATION:NAME`, where the operation is `sign-new`, `renew` or `get`, or its name in the WSDL.
  public init(parsing text: String) throws(SimulatorError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    var operation: ServiceOperation?
    if parts.count == 2 {
      guard let named = ServiceOperation(shortName: parts[0]) else {
        throw SimulatorError(.fault, "read a fault", "\(parts[0]) is no operation", hint: "use sign-new, renew or get")
      }
      operation = named
    }
    guard let fault = ServiceFault(rawValue: parts[parts.count - 1]) else {
      throw SimulatorError(.fault, "read a fault", "\(parts[parts.count - 1]) is no fault", hint: "--list-faults shows them all")
    }
    try self.init(fault, for: operation)
  }

  public var description: String { (operation.map { "\($0.shortName):" } ?? "") + fault.rawValue + (answers.map { " x\($0)" } ?? "") }
}
