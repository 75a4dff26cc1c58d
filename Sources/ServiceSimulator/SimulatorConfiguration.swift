public import Foundation

extension ServiceSimulator {
  /// What a simulator does, with the agency's behaviour as the default wherever it is known.
  public struct Configuration: Sendable {
    /// A loopback address: `127.0.0.1` (or another of 127.0.0.0/8), `::1` or `localhost`.
    public var host = "127.0.0.1"
    /// The TCP port; 0 for any that is free.
    public var port: UInt16 = 0
    /// Where the trust files go; nothing to write none.
    public var folder: String?
    /// The environment that requests must name.
    public var environment = SimulatedEnvironment.test
    /// Where certificates say that CRLs and CA certificates are, without a slash at the end; nothing for the simulator's own address.
    public var publicationBase: String?

    /// How long a certificate cannot be fetched after it was asked for.
    public var notReadyFor: Duration = .seconds(20)
    /// The customers' certificates live so many days.
    public var certificateLifetimeDays = 730
    /// A certificate can be renewed from so many days before its expiry.
    public var renewalWindowDays = 60
    /// The keys that a certificate is issued for.
    public var keyPolicy = KeyPolicy.rsa2048Only
    /// The organization in a certificate when the request names none.
    public var defaultCustomerName = "SIMULATOR customer"

    /// The faults that are set from the start.
    public var faults: [FaultRequest] = []
    /// Requests that break the schema get HTTP 200 and a signed FAIL instead of HTTP 500 and a SOAP fault, where their operation can
    /// be told.
    public var schemaErrorsAsFail = false
    /// Other codes to send than the artificial ones: at most 16 characters each.
    public var errorCodes: [SimulatorErrorCode: String] = [:]

    /// How the CAs' certificates look.
    public var caStyle = CAStyle.plain
    /// The keys of the CAs; nothing for fresh ones.
    public var keys: SimulatorKeys?

    /// The test bench at `/DEV/…`.
    public var testBench = TestBenchConfiguration()
    /// Serial numbers, RetrievalIds, the serialNumbers of subjects and outages come from this; nothing for numbers that nobody can foresee.
    public var seed: UInt64?
    /// What the clock shows at the start, in relation to ``now``.
    public var clock = ClockSetting.machine
    /// The clock stands still until it is told to go on.
    public var isClockStopped = false
    /// How often a request meets trouble on its way by chance: from 0, never, to 1, always.
    public var outages = 0.0
    /// A file of commands, see ``SimulatorCommand``; nothing for none.
    public var controlFile: String?
    /// A file to append a JSON line to for every request and every change; nothing for none.
    public var logFile: String?

    /// Requests of more octets are refused with HTTP 413. The largest that the schema allows has about 20,000.
    public var maximumRequestBytes = 65_536
    /// How long a connection hangs, when asked to, before it closes.
    public var hangFor: Duration = .seconds(600)
    /// How long a late answer takes.
    public var lateFor: Duration = .seconds(5)
    /// The pause between two pieces of a slow answer.
    public var slowBodyPause: Duration = .milliseconds(100)

    /// The machine's clock, which the simulator's own goes by, for everything but pauses.
    public var now: @Sendable () -> Date = { Date() }
    /// Called once for each request, and for each change that the control file asks for, with a line that holds no secret.
    public var log: @Sendable (String) -> Void = { _ in }

    /// The agency's behaviour on a free port of 127.0.0.1, without trust files.
    public init() {}

    /// The address to bind to, in numbers.
    func address() throws(SimulatorError) -> String {
      if host == "localhost" { return "127.0.0.1" }
      let octets = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
      guard host == "::1" || octets.count == 4 && octets.first == 127 && octets.allSatisfy({ $0 != nil }) else {
        throw SimulatorError(
          .loopbackOnly, "listen", "\(host) is not on the loopback network", hint: "put a real server in front for anything else")
      }
      return host
    }

    func check() throws(SimulatorError) {
      let operation = "check the configuration"
      func check(_ isRight: Bool, _ message: String) throws(SimulatorError) {
        guard isRight else { throw SimulatorError(.configuration, operation, message) }
      }
      _ = try address()
      try check((1...7300).contains(certificateLifetimeDays), "a certificate lives 1 to 7300 days")
      try check((0...7300).contains(renewalWindowDays), "the renewal window has 0 to 7300 days")
      try check(notReadyFor >= .zero, "a certificate is not ready for no time, or for some")
      try check(maximumRequestBytes > 0, "a request has at least one octet")
      try check((1...100).contains(defaultCustomerName.unicodeScalars.count), "the default customer name has 1 to 100 characters")
      try check((0...1).contains(outages), "outages happen from 0 (never) to 1 (always)")
      try testBench.check()
      for code in errorCodes.values {
        try check((1...16).contains(code.unicodeScalars.count), "an error code has 1 to 16 characters")
      }
    }
  }
}
