/// The exit codes of the command line contract.
struct ExitStatus: RawRepresentable, Hashable, Sendable {
  let rawValue: Int32

  /// Done, or nothing to do.
  static let done = ExitStatus(rawValue: 0)
  /// A fault of ours.
  static let internalFault = ExitStatus(rawValue: 1)
  /// A named rule refused.
  static let ruleRefused = ExitStatus(rawValue: 2)
  /// Token or key: absent, ambiguous, unusable.
  static let tokenOrKey = ExitStatus(rawValue: 3)
  /// PIN: refused, locked, or guarded.
  static let pin = ExitStatus(rawValue: 4)
  /// The service answered FAIL.
  static let serviceRefused = ExitStatus(rawValue: 5)
  /// The answer could not be trusted.
  static let untrustedAnswer = ExitStatus(rawValue: 6)
  /// Sent, and no trustworthy answer.
  static let uncertainOutcome = ExitStatus(rawValue: 7)
  /// The command line itself.
  static let usage = ExitStatus(rawValue: 64)
  /// Input data: file, XML, certificate.
  static let inputData = ExitStatus(rawValue: 65)
  /// The service could not be reached, and nothing was sent.
  static let unreachable = ExitStatus(rawValue: 69)
  /// Not ready yet; run again.
  static let notReady = ExitStatus(rawValue: 75)
  /// The reader of standard output went away: what a shell shows for a program that ended by SIGPIPE. Nothing is said.
  static let readerGone = ExitStatus(rawValue: 141)
  /// Configuration.
  static let configuration = ExitStatus(rawValue: 78)
}
