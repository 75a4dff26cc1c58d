/// An error that says what can be done so that the next try may succeed.
public protocol RecoveryAdvising: Error {
  /// The verdict.
  var recovery: Recovery { get }
}

extension PKCS11Error: RecoveryAdvising {}

extension Recovery {
  /// No program can do anything about it.
  var isLeftToPeople: Bool { self == .operatorAction || self == .permanent }
}
