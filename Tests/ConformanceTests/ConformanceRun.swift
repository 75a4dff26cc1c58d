import Foundation
import Synchronization
import TestSupport

/// The runs of this process: one for each backend, shared by its tests.
enum ConformanceRun {
  private static let tasks = Mutex<[String: Task<ConformanceReport, any Error>]>([:])

  /// What the probe has found about a backend; the first caller runs it.
  static func report(of backend: Backend) async throws -> ConformanceReport {
    let task = tasks.withLock { tasks in
      if let known = tasks[backend.name] { return known }
      let task = Task { try await run(backend) }
      tasks[backend.name] = task
      return task
    }
    return try await task.value
  }

  private static func run(_ backend: Backend) async throws -> ConformanceReport {
    let running = try await backend.start()
    let folder = try TemporaryFolder()
    let settings = try folder.write(JSONEncoder().encode(running.settings), to: "settings.json")
    let result = try await running.run(
      BuiltProduct.path("conformance-probe"), [settings], environment: ["HSMKEY_PIN_MEMORY": folder.path("pins")])
    var report = ConformanceReport()
    for line in result.standardOutput.split(separator: "\n") {
      // A module may print something of its own.
      if let known = try? JSONDecoder().decode(ConformanceLine.self, from: Data(line.utf8)) { report.add(known) }
    }
    guard result.succeeded else {
      throw ChildProcessError(
        """
        \(backend.title): the probe ended with \(result.exitCode) after the check \(report.checks.last?.name ?? "(none)"): \
        \(result.standardError.suffix(4000))
        """)
    }
    return report
  }
}
