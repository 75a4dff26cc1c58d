import Foundation

/// A real browser without a window.
public struct Chromium: Sendable {
  /// The program; nil where it is not installed.
  private static let program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// Whether tests of it are to run: where it is, and where the packages are said to be there.
  public static let isToRun = program != nil && pdfTools || Backend.areRequired
  public static let whySkipped = "there is no Chromium, or no pdftotext (Debian: apt install chromium poppler-utils)"
  private static let pdfTools = FileManager.default.isExecutableFile(atPath: "/usr/bin/pdftotext")

  private let folder: TemporaryFolder

  public init() throws { folder = try TemporaryFolder() }

  /// What a page did in it.
  public struct Visit: Sendable {
    public let standardOutput: String
    /// What the page had to say to the console: errors of scripts and styles, refusals of the content security policy.
    public let console: [String]
    /// Addresses of the network that were asked for in the name of the page.
    public let requests: [String]
  }

  /// Opens a page of the file system.
  public func visit(_ path: String, _ arguments: [String]) async throws -> Visit {
    try await visit(address: "file://" + path, arguments)
  }

  /// Opens a page of this machine.
  public func visit(address: String, _ arguments: [String]) async throws -> Visit {
    guard let program = Self.program else { throw ChildProcessError(Self.whySkipped) }
    let netLog = folder.path("netlog.json")
    try? FileManager.default.removeItem(atPath: netLog)
    let result = try await run(
      program,
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-default-apps", "--disable-sync", "--user-data-dir=" + folder.path("profile"), "--enable-logging=stderr",
        "--log-net-log=" + netLog,
        // It reaches nobody but this machine.
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
      ] + arguments + [address], environment: ["HOME": folder.path])
    guard result.succeeded else { throw ChildProcessError("chromium: \(result.standardError.suffix(2000))") }
    let log = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: netLog))) as? [String: Any]
    let requests = (log?["events"] as? [[String: Any]] ?? []).compactMap { event -> String? in
      // What the browser asks on its own account (for updates) has no page as its origin.
      guard let parameters = event["params"] as? [String: Any], let initiator = parameters["initiator"] as? String,
        initiator != "not an origin", let url = parameters["url"] as? String, !url.hasPrefix("file:")
      else { return nil }
      return url
    }
    return Visit(
      standardOutput: result.standardOutput,
      console: result.standardError.split(separator: "\n").filter { $0.contains("CONSOLE") }.map(String.init), requests: requests)
  }
}
