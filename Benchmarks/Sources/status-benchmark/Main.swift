import BenchmarkSupport
import Foundation

/// Asks the tool how ten thousand certificates stand, beside `sqlite3` that reads every record out of the same file.
///
/// Usage: `status-benchmark [certificates]`. One certificate is enrolled at the simulator; the others are copies of its record.
@main
struct StatusBenchmark {
  private static let longest = 1.0
  private static let mostMemory = 100

  static func main() async throws {
    let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
    let softHSM = try ScratchSoftHSM()
    defer { softHSM.remove() }
    let organisation = try Organisation(certificates: count, softHSM)
    defer { organisation.close() }
    try await organisation.enrol(1)
    let state = organisation.folder.appending(path: "state/state.sqlite").path
    try copyRecord(in: state, count)
    var isWithin = true
    let (plain, _, _) = try measure("/usr/bin/sqlite3", [state, "SELECT * FROM certificate"], organisation.folder)
    print("\(count) certificates; sqlite3 reads the records in \(decimal(plain)) s")
    for arguments in [[], ["--json"], ["--format", "prometheus"], ["--monitor", "--warning", "0", "--critical", "0"]] {
      let (time, memory, written) = try measure(organisation.tool.path, ["certificate", "status"] + arguments, organisation.folder)
      print(
        "certificate status \(arguments.joined(separator: " ")): \(decimal(time)) s, \(memory) MiB, \(written) bytes; "
          + "\(decimal(time / plain)) of sqlite3 (targets: \(longest) s, \(mostMemory) MiB)")
      isWithin = isWithin && time < longest && memory < mostMemory
    }
    guard isWithin else {
      organisation.close()
      softHSM.remove()
      exit(1)
    }
  }

  /// The one record under every other name as well.
  private static func copyRecord(in state: String, _ count: Int) throws {
    let columns = try sqlite(state, "SELECT group_concat(name) FROM pragma_table_info('certificate') WHERE name <> 'name'")
      .trimmingCharacters(in: .newlines)
    _ = try sqlite(
      state,
      """
      WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i + 1 < \(count))
      INSERT INTO certificate (name, \(columns)) SELECT 'certificate-' || i, \(columns) FROM certificate, number;
      """)
  }

  private static func sqlite(_ state: String, _ statement: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/sqlite3")
    process.arguments = [state, statement]
    let answer = Pipe()
    process.standardOutput = answer
    try process.run()
    let data = answer.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw BenchmarkFailure("sqlite3 failed") }
    return String(decoding: data, as: UTF8.self)
  }

  /// The median time in seconds, the most memory in MiB, and how many bytes were written, of five runs.
  private static func measure(
    _ program: String, _ arguments: [String], _ folder: URL
  ) throws -> (time: Double, memory: Int, written: Int) {
    var times: [Double] = []
    var memory = 0
    var written = 0
    for _ in 0..<5 {
      let process = Process()
      // GNU time, because the memory of one child cannot be told from that of others here.
      process.executableURL = URL(filePath: "/usr/bin/time")
      process.arguments = ["--format", "%M", "--output", folder.appending(path: "memory").path, program] + arguments
      process.currentDirectoryURL = folder
      let answer = Pipe()
      process.standardOutput = answer
      let start = ContinuousClock.now
      try process.run()
      written = answer.fileHandleForReading.readDataToEndOfFile().count
      process.waitUntilExit()
      times.append((ContinuousClock.now - start) / .seconds(1))
      guard process.terminationStatus == 0 else {
        throw BenchmarkFailure("\(program) \(arguments) ended with \(process.terminationStatus)")
      }
      let told = try String(contentsOf: folder.appending(path: "memory"), encoding: .utf8).trimmingCharacters(in: .newlines)
      guard let kilobytes = Int(told) else { throw BenchmarkFailure("GNU time told \(told)") }
      memory = max(memory, (kilobytes + 1023) / 1024)
    }
    return (Measuring.median(times), memory, written)
  }

  private static func decimal(_ value: Double) -> String { String(format: "%.2f", value) }
}
