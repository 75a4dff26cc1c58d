import Foundation
import X509

/// A change of a running simulator, as a line of text: what the control file holds, a command a line, and what tests can ask for.
public struct SimulatorCommand: Sendable, CustomStringConvertible {
  /// One of the commands, with its form and what it does, for the documentation.
  public struct Form: Hashable, Sendable {
    /// The first word.
    public let name: String
    /// The whole line: `fault [OPERATION:]NAME [xN]`.
    public let syntax: String
    /// What it does, in one sentence.
    public let explanation: String
  }

  /// Every command.
  public static let forms = [
    Form(
      name: "fault", syntax: "fault [OPERATION:]NAME [xN]",
      explanation: "Sets a fault, for every operation it applies to or for one, for N answers or until it is cleared."),
    Form(name: "clear", syntax: "clear [[OPERATION:]NAME]", explanation: "Clears a fault, or all of them and the outages."),
    Form(name: "outages", syntax: "outages RATE", explanation: "Has requests meet trouble on their way by chance: 0 never, 1 always."),
    Form(
      name: "clock", syntax: "clock machine|+SPAN|-SPAN|TIME|stop|go",
      explanation: "Sets the clock in relation to the machine's, or to a time; has it stand still, or go on."),
    Form(name: "advance", syntax: "advance SPAN", explanation: "Moves the clock on from where it is: 90s, 12h, 30d, 1d12h."),
    Form(
      name: "order", syntax: "order CUSTOMER:ID:PASSWORD",
      explanation: "Notes an order, whose credential is good from now on for 14 days."),
    Form(
      name: "ready", syntax: "ready [RETRIEVAL-ID]", explanation: "Makes a certificate ready that was asked for, or all of them."),
    Form(
      name: "not-ready-for", syntax: "not-ready-for SPAN",
      explanation: "Sets how long certificates that are asked for from now on are not ready."),
    Form(
      name: "revoke", syntax: "revoke SERIAL|latest|response-signer|providers-ca|services-ca|intermediate-ca [REASON]",
      explanation: "Revokes a certificate: by its serial number in hexadecimal digits, or the latest that was issued."),
    Form(name: "note", syntax: "note TEXT", explanation: "Writes the text into the log and changes nothing."),
  ]

  let name: String
  let arguments: [String]
  /// Everything after the name.
  let rest: String

  /// Reads a line.
  ///
  /// - Throws: ``SimulatorError`` by `SIMULATOR-CONTROL` where no command has this name, or the line is longer than 1000 characters or
  ///   holds one that is not printable.
  public init(parsing line: String) throws(SimulatorError) {
    guard line.unicodeScalars.count <= 1000, !line.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw Self.refusal("a command is a line of at most 1000 printable characters")
    }
    let words = line.split(separator: " ").map(String.init)
    guard let name = words.first, Self.forms.contains(where: { $0.name == name }) else {
      throw Self.refusal(
        "\(PlainText.of(words.first ?? "")) is no command", hint: "--list-commands shows them all")
    }
    self.name = name
    arguments = Array(words.dropFirst())
    rest = String(line.drop { $0 == " " }.dropFirst(name.count).drop { $0 == " " })
  }

  /// The command as a log can show it: an order without what it gives out.
  public var description: String { name == "order" ? "order" : ([name] + arguments).joined(separator: " ") }

  static func refusal(_ message: String, hint: String? = nil) -> SimulatorError {
    SimulatorError(.control, "carry out a command", message, hint: hint)
  }
}

extension SimulatorCommand {
  /// Carries the command out.
  ///
  /// - Returns: what was done, in one sentence without a secret.
  func perform(on service: ServiceEndpoint) async throws -> String {
    let (faults, clock, desk) = (service.faults, service.clock, service.desk)
    switch name {
    case "fault":
      let request = try FaultRequest(parsing: rest)
      faults.set(request)
      return "set \(request)"
    case "clear":
      guard !arguments.isEmpty else {
        faults.clear()
        faults.outageRate = 0
        return "cleared all faults"
      }
      let request = try FaultRequest(parsing: rest)
      guard request.answers == nil else { throw Self.refusal("a fault is cleared whole, without a count") }
      guard faults.clear(request) else { throw Self.refusal("\(request) is not set") }
      return "cleared \(request)"
    case "outages":
      guard let rate = Double(try one()), (0...1).contains(rate) else { throw Self.refusal("outages happen from 0 (never) to 1 (always)") }
      faults.outageRate = rate
      return "outages \(rate)"
    case "clock": return try setClock(clock)
    case "advance":
      try clock.advance(by: try span())
      return "the clock shows \(TimeText.text(clock.now))"
    case "order": return try await order(desk, at: clock.now)
    case "ready": return try await makeReady(desk, at: clock.now)
    case "not-ready-for":
      let seconds = try span()
      await desk.setNotReadyFor(seconds)
      return "certificates are not ready for \(TimeText.text(seconds))"
    case "revoke": return try await revoke(service)
    default:
      return rest
    }
  }

  private func one() throws(SimulatorError) -> String {
    guard arguments.count == 1 else {
      throw Self.refusal("\(name) takes one argument", hint: Self.forms.first { $0.name == name }.map { "write \($0.syntax)" })
    }
    return arguments[0]
  }

  private func span() throws(SimulatorError) -> TimeInterval {
    let text = try one()
    guard let span = TimeText.span(text) else {
      throw Self.refusal("\(PlainText.of(text)) is no span of time", hint: "write 90s, 12h, 30d or 1d12h")
    }
    return span
  }

  private func setClock(_ clock: SimulatedClock) throws(SimulatorError) -> String {
    switch try one() {
    case "stop": clock.stop()
    case "go": clock.start()
    case let text: try clock.set(ClockSetting(parsing: text))
    }
    return "the clock shows \(TimeText.text(clock.now))" + (clock.isStopped ? " and stands still" : "")
  }

  private func order(_ desk: ServiceDesk, at now: Date) async throws -> String {
    let parts = rest.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3 else { throw Self.refusal("an order is CUSTOMER:ID:PASSWORD") }
    try await desk.addTransferCredential(customerID: parts[0], id: parts[1], password: parts[2], sent: now)
    return "noted an order of \(PlainText.of(parts[0]))"
  }

  private func makeReady(_ desk: ServiceDesk, at now: Date) async throws -> String {
    guard !arguments.isEmpty else {
      let count = await desk.makeReady(nil, at: now)
      return count == 1 ? "made 1 certificate ready" : "made \(count) certificates ready"
    }
    let id = try one()
    guard await desk.knows(retrievalID: id) else { throw Self.refusal("no request has the RetrievalId \(PlainText.of(id))") }
    return await desk.makeReady(id, at: now) == 1 ? "made \(id) ready" : "\(id) was ready"
  }

  private func revoke(_ service: ServiceEndpoint) async throws -> String {
    guard (1...2).contains(arguments.count) else { throw Self.refusal("revoke takes a serial number, and a reason") }
    var reason: RevocationReason?
    if arguments.count == 2 {
      guard let known = RevocationReason(name: arguments[1]) else {
        let names = RevocationReason.allCases.map(\.description).joined(separator: ", ")
        throw Self.refusal("\(PlainText.of(arguments[1])) is no reason", hint: "use \(names)")
      }
      reason = known
    }
    let (hierarchy, issued) = (service.hierarchy, await service.desk.issued)
    let serialNumber: Certificate.SerialNumber
    switch arguments[0] {
    case "response-signer": serialNumber = hierarchy.responseSigner.serialNumber
    case "providers-ca": serialNumber = hierarchy.providers.certificate.serialNumber
    case "services-ca": serialNumber = hierarchy.services.certificate.serialNumber
    case "intermediate-ca": serialNumber = hierarchy.intermediate.certificate.serialNumber
    case "latest":
      guard let latest = issued.last else { throw Self.refusal("no certificate was issued") }
      serialNumber = latest.serialNumber
    case let text:
      let digits = text.lowercased().filter { $0 != ":" }.drop { $0 == "0" }
      guard let found = issued.first(where: { $0.serialNumber.hexadecimal.drop { $0 == "0" } == digits }) else {
        throw Self.refusal("no certificate with the serial number \(PlainText.of(text)) was issued here")
      }
      serialNumber = found.serialNumber
    }
    guard await !service.desk.revocations.isRevoked(serialNumber) else {
      throw Self.refusal("\(serialNumber.hexadecimal) is revoked already")
    }
    await service.desk.revoke(serialNumber, reason, at: service.clock.now)
    return "revoked \(serialNumber.hexadecimal)" + (reason.map { ", \($0)" } ?? "")
  }
}
