/// Why a pool refuses something.
extension PoolCore {
  static func closed(_ label: String) -> PKCS11Error {
    PKCS11Error(
      rule: .poolOpen, token: label, operation: "use token \(label)", message: "the connection to the token has been closed", hint: nil)
  }

  func full() -> PKCS11Error {
    PKCS11Error(
      rule: .poolFull, token: label, operation: "use token \(label)",
      message: "\(configuration.maximumWaitingCount) callers wait for a session already", hint: "try again later, or ask for less at once")
  }

  func stuck(_ count: Int) -> PKCS11Error {
    PKCS11Error(
      rule: .poolFull, token: label, operation: "use token \(label)", message: "\(count) calls hang in the module, and no more are begun",
      hint: "the device hangs: look after it, then start the program again")
  }

  func lost() -> PKCS11Error {
    PKCS11Error(
      rule: .callDeadline, token: label, operation: "use token \(label)",
      message: "an earlier call in this lease's session has not returned, and the session was given up", hint: "take another lease")
  }

  func waitedTooLong() -> PKCS11Error {
    PKCS11Error(
      rule: .poolWait, token: label, operation: "use token \(label)",
      message: "no session was free within \(configuration.waitingLimit)", hint: "try again later, or allow the pool more sessions")
  }

  func overdueError(_ call: CallMonitor.Call) -> PKCS11Error {
    PKCS11Error(
      rule: .callDeadline, function: call.function.name, token: label, operation: "use token \(label)",
      message: "\(call.function.name) has not returned within \(deadline(of: call.function))",
      hint: "the token hangs; its session was given up. Whether the token has done what was asked is not known: look before asking again")
  }
}
