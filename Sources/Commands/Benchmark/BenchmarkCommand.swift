import ArgumentParser
import Foundation
import PKCS11
import TokenKeys

/// `hsmkey benchmark`
struct BenchmarkCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "What this token can do: signatures and key generations a second.",
    discussion: """
      Makes throw-away keys of every kind that the token offers, signs with them in as many sessions as are asked for, and makes and
      destroys keys in one session. The keys live in sessions and go with them; where a token refuses that, they are stored under a
      label of their own and destroyed at the end, also after Ctrl-C. It loads the token: whoever else uses it waits longer meanwhile.

      Example: hsmkey benchmark --token payroll --seconds 5 --threads 1,2
      """)
  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("How long each measurement takes, 1 to 600.", valueName: "seconds"))
  var seconds = 2

  @Option(help: ArgumentHelp("How many sessions sign at once, one measurement for each number.", valueName: "numbers"))
  var threads = "1,2,4"

  struct Line: Encodable, Sendable {
    let algorithm: String
    let sessions: Int
    let result: Measurement?
    let trouble: String?
  }

  struct Report: Answer {
    let token: String
    let serial: String
    let model: String
    let firmwareVersion: String
    let library: String
    let seconds: Int
    let keysWereStored: Bool
    let signatures: [Line]
    let keyGenerations: [Line]

    var text: String {
      let head = Console.facts([
        ("token", "\(token), serial \(serial)"), ("model", "\(model), firmware \(firmwareVersion)"), ("library", library),
      ])
      return
        "\(head)\n\n\(BenchmarkTable(title: "signatures", signatures).text)\n\n\(BenchmarkTable(title: "new keys", keyGenerations).text)"
    }
  }

  func validate() throws {
    guard (1...600).contains(seconds) else { throw ValidationError("--seconds is a whole number, 1 to 600") }
    _ = try sessionCounts()
  }

  private func sessionCounts() throws -> [Int] {
    let numbers = threads.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let counts = numbers.compactMap(\.self)
    guard counts.count == numbers.count, !counts.isEmpty, counts.allSatisfy({ (1...256).contains($0) }) else {
      throw ValidationError("--threads is a list of numbers, 1 to 256, such as 1,2,4")
    }
    return Array(Set(counts)).sorted()
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let counts = try sessionCounts()
    let source = try context.secretSource(context.settings.pinSource)
    let token = try await context.selectedToken()
    let mechanisms = try await context.waiting("list the mechanisms") { try token.mechanisms() }
    let kinds = KeyAlgorithm.allCases.filter { AlgorithmOffer($0, mechanisms: mechanisms).isUsable }
    guard !kinds.isEmpty else {
      throw CommandError(
        .tokenOrKey, code: "mechanism-missing", operation: "measure token \(token.label)", message: "it offers no keys that sign",
        hints: ["see: hsmkey doctor"])
    }
    let time = kinds.count * (counts.count + 1) * seconds
    Console.warn(
      "this loads token \(token.label) for \(time) s or a little more; whoever else uses it waits longer meanwhile")

    let login = TokenLogin(token: token, pin: source, memory: context.pinMemory)
    let run = BenchmarkRun(context, login, sessions: counts.max() ?? 1, mechanisms: mechanisms, time: .seconds(seconds))
    context.say(try await run.logIn())
    let interruption = Interruption()
    defer { interruption.end() }
    let result = await run.measure(kinds, counts, unless: { interruption.signal != nil }, progress: { context.progress($0) })
    if let left = await run.cleanUp() {
      Console.warn("keys labelled \(run.label) may be left on token \(token.label): \(left)")
    } else if result.keysWereStored {
      context.progress("the keys that were stored on the token, labelled \(run.label), are destroyed")
    }
    if let signal = interruption.signal {
      context.progress("interrupted; nothing is left on the token")
      throw ExitCode(128 + signal)
    }
    if let error = result.firstError, !result.hasMeasured { throw error }
    return Report(
      token: token.label, serial: token.serialNumber, model: token.model, firmwareVersion: "\(token.firmwareVersion)",
      library: "\(token.module.information.libraryDescription) \(token.module.information.libraryVersion)", seconds: seconds,
      keysWereStored: result.keysWereStored, signatures: result.signatures, keyGenerations: result.keyGenerations)
  }
}

/// Measurements in columns.
struct BenchmarkTable {
  private let title: String
  private let lines: [BenchmarkCommand.Line]

  init(title: String, _ lines: [BenchmarkCommand.Line]) {
    self.title = title
    self.lines = lines
  }

  var text: String {
    let rows =
      [[title, "sessions", "a second", "p50 ms", "p99 ms"]]
      + lines.map { line in
        guard let result = line.result else {
          return [line.algorithm, "\(line.sessions)", Console.forTerminal(line.trouble ?? "not measured")]
        }
        return [
          line.algorithm, "\(line.sessions)", Self.number(result.perSecond), Self.number(result.p50Milliseconds),
          Self.number(result.p99Milliseconds),
        ]
      }
    let widths = (0..<5).map { column in rows.filter { $0.count == 5 }.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        if row.count < 5, column == 2 { return cell }
        let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  /// Three digits that matter, and no more than that behind the point.
  static func number(_ value: Double) -> String {
    let digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
    return value.formatted(.number.precision(.fractionLength(digits)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
  }
}
