import ArgumentParser
import Foundation

/// A file that appears, whole, once the simulator listens, with the port number in it, and goes when it ends.
struct PortFile {
  private let url: URL

  /// Removes what an earlier simulator left, so that nobody reads a port that is gone. A file with anything but a port number in it is
  /// refused.
  init(path: String) throws {
    url = URL(filePath: path)
    guard FileManager.default.fileExists(atPath: path) else { return }
    guard let text = try? String(contentsOf: url, encoding: .utf8), UInt16(text.trimmingCharacters(in: .newlines)) != nil else {
      throw ValidationError("--port-file: \(path) exists and is not a port file")
    }
    try remove()
  }

  func write(_ port: Int) throws { try Data("\(port)\n".utf8).write(to: url, options: .atomic) }

  func remove() throws { try FileManager.default.removeItem(at: url) }
}
