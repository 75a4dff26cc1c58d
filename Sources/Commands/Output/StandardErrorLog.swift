import Foundation
import Logging

/// Log lines on stderr: `hsmkey: debug: text name=value`. Fits journald, which adds time and unit itself.
struct StandardErrorLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let facts = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    // What is told without being asked for has the form of every warning, an object with `--json`.
    if event.level == .warning { return Console.warn("\(event.message)\(facts)") }
    Console.say("\(event.level): \(Console.forTerminal("\(event.message)\(facts)"))")
  }
}
