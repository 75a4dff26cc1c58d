import ArgumentParser
import Foundation
import ServiceSimulator

/// The command line.
struct SimulatorOptions: ParsableArguments {
  @Option(help: "The loopback address and port to listen on; port 0 is any that is free.")
  var listen = "127.0.0.1:0"

  @Option(help: ArgumentHelp("An existing folder for the four trust files. Files of others are not replaced.", valueName: "dir"))
  var folder: String?

  @Option(help: ArgumentHelp("A file to write the port number into, once the simulator listens.", valueName: "file"))
  var portFile: String?

  @Option(help: "The environment that requests must name: test or production.")
  var environment = "test"

  @Option(help: ArgumentHelp("How long a certificate cannot be fetched after it was asked for.", valueName: "seconds"))
  var notReadyFor = 20.0

  @Option(help: ArgumentHelp("How long the customers' certificates live.", valueName: "days"))
  var certificateLifetime = 730

  @Option(help: ArgumentHelp("How long before its expiry a certificate can be renewed.", valueName: "days"))
  var renewalWindow = 60

  @Option(help: "The keys that are accepted: rsa-2048, rsa-3072 (and smaller) or rsa-4096 (and smaller).")
  var keyPolicy = "rsa-2048"

  @Option(help: "The CAs: plain, early-generalized-time (dates as in the agency's test CAs) or agency-test (also 8192-bit keys; slow).")
  var caStyle = "plain"

  @Option(
    help: ArgumentHelp(
      "An order's transfer credential; may be repeated. Visible to other users of the machine.", valueName: "customer:id:password"))
  var transfer: [String] = []

  @Option(
    help: ArgumentHelp("A file with a transfer credential a line, as CUSTOMER:ID:PASSWORD, readable by its owner only.", valueName: "file"))
  var transferFile: String?

  @Option(
    help: ArgumentHelp(
      "A fault to set, for every operation or for one (sign-new, renew, get, crl), for so many answers or for good; may be repeated.",
      valueName: "[operation:]name [xN]"))
  var fault: [String] = []

  @Option(help: ArgumentHelp("How often a request meets trouble on its way by chance: 0 never, 1 always.", valueName: "rate"))
  var outages = 0.0

  @Option(
    help: ArgumentHelp(
      "A file of commands, a command a line, that is read while the simulator runs. Owner-only. --list-commands shows them.",
      valueName: "file"))
  var control: String?

  @Option(help: ArgumentHelp("A file to append a JSON line to for every request and every change.", valueName: "file"))
  var log: String?

  @Option(
    help: ArgumentHelp(
      "Serial numbers, RetrievalIds and outages come from this number: the same requests in the same order get the same ones.",
      valueName: "number"))
  var seed: UInt64?

  @Option(
    name: .customLong("clock"), parsing: .unconditional,
    help: ArgumentHelp("What the clock shows: +30d, -2h30m, 2027-01-31T12:00:00Z, 2027-01-31.", valueName: "offset|time"))
  var clockSetting = "machine"

  @Flag(help: "The clock stands still until the control file has it go on.")
  var clockStopped = false

  @Option(
    help: ArgumentHelp(
      "The values of the test bench's standing order. The agency's password is the default, the id is the simulator's own.",
      valueName: "customer:id:password"))
  var bench: String?

  @Option(help: ArgumentHelp("The organization in the test bench's certificates.", valueName: "name"))
  var benchName: String?

  @Flag(help: "Answer requests that break the schema with a signed FAIL instead of a SOAP fault.")
  var schemaErrorsAsFail = false

  @Option(help: ArgumentHelp("How long a connection hangs, when asked to, before it closes.", valueName: "seconds"))
  var hangFor = 600.0

  @Option(help: ArgumentHelp("How long a late answer takes.", valueName: "seconds"))
  var lateFor = 5.0

  @Flag(help: "End when standard input ends, as it does when the program that started this one is gone.")
  var untilInputEnds = false

  @Flag(help: "List the faults and end.")
  var listFaults = false

  @Flag(help: "List the commands of the control file and end.")
  var listCommands = false

  /// The simulator's configuration, without its log.
  func configuration() throws -> ServiceSimulator.Configuration {
    var configuration = ServiceSimulator.Configuration()
    (configuration.host, configuration.port) = try address()
    configuration.folder = folder
    guard let environment = SimulatedEnvironment(rawValue: environment.uppercased()) else {
      throw ValidationError("--environment is test or production")
    }
    configuration.environment = environment
    guard let keyPolicy = KeyPolicy(name: keyPolicy) else { throw ValidationError("--key-policy is rsa-2048, rsa-3072 or rsa-4096") }
    configuration.keyPolicy = keyPolicy
    switch caStyle {
    case "plain": configuration.caStyle = .plain
    case "early-generalized-time": configuration.caStyle = CAStyle(generalizedTimeBefore2050: true)
    case "agency-test": configuration.caStyle = .agencyTest
    default: throw ValidationError("--ca-style is plain, early-generalized-time or agency-test")
    }
    for seconds in [notReadyFor, hangFor, lateFor] where !(0...86_400).contains(seconds) {
      throw ValidationError("--not-ready-for, --hang-for and --late-for are 0 to 86400 seconds")
    }
    configuration.lateFor = .seconds(lateFor)
    configuration.notReadyFor = .seconds(notReadyFor)
    configuration.hangFor = .seconds(hangFor)
    configuration.certificateLifetimeDays = certificateLifetime
    configuration.renewalWindowDays = renewalWindow
    configuration.schemaErrorsAsFail = schemaErrorsAsFail
    configuration.faults = try fault.map { try FaultRequest(parsing: $0) }
    configuration.outages = outages
    configuration.controlFile = control
    configuration.logFile = log
    configuration.seed = seed
    configuration.clock = try ClockSetting(parsing: clockSetting)
    configuration.isClockStopped = clockStopped
    if let bench {
      let order = try TransferCredential(parsing: bench, at: "--bench")
      configuration.testBench.customerID = order.customerID
      configuration.testBench.transferID = order.id
      configuration.testBench.transferPassword = order.password
    }
    if let benchName { configuration.testBench.customerName = benchName }
    return configuration
  }

  /// The transfer credentials of both sources.
  func credentials() throws -> [TransferCredential] {
    try transfer.map { try TransferCredential(parsing: $0, at: "--transfer") } + (transferFile.map(TransferFile.read) ?? [])
  }

  /// `HOST:PORT`, where an IPv6 address stands in brackets.
  private func address() throws -> (String, UInt16) {
    guard let colon = listen.lastIndex(of: ":"), let port = UInt16(listen[listen.index(after: colon)...]) else {
      throw ValidationError("--listen is ADDRESS:PORT")
    }
    var host = listen[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return (String(host), port)
  }
}
