import Foundation

/// A system call of a program that changes something outside of it, as `Tests/Modules/interrupter` counts them.
public struct FaultPoint: Sendable, Hashable, CustomStringConvertible {
  /// What it touches: a class that was named with a path, `net` or `other`.
  public let place: String
  /// Which call of the class it is, from 1.
  public let number: Int
  /// `pwrite64`
  public let call: String
  /// How much is written, in octets.
  public let bytes: Int
  /// The file, or `socket:[…]`.
  public let path: String

  init?(_ line: Substring) {
    let fields = line.split(separator: " ", maxSplits: 3)
    guard fields.count == 4, let colon = fields[0].firstIndex(of: ":"), let number = Int(fields[0][fields[0].index(after: colon)...]),
      let bytes = Int(fields[2])
    else { return nil }
    place = String(fields[0][..<colon])
    self.number = number
    call = String(fields[1])
    self.bytes = bytes
    path = String(fields[3])
  }

  public var description: String { "\(place):\(number)" }
}

/// Runs a program and lets one thing go wrong at one system call of it. The top of `Tests/Modules/interrupter/interrupter.c` says how.
public struct Interrupter: Sendable {
  /// The program that does it.
  public let path: String
  /// The classes of files, each with the beginning of their paths.
  public let classes: [(name: String, path: String)]

  public init(classes: [(name: String, path: String)]) throws {
    path = try CompiledC.file(.program, from: "interrupter")
    self.classes = classes
  }

  /// The arguments that make it run a program.
  ///
  /// - Parameters:
  ///   - place: where something goes wrong, as `state:17`; nothing does without it.
  ///   - action: what: `kill`, `kill-after`, `tear`, `ENOSPC`, `EIO+` …
  public func arguments(
    for program: String, _ arguments: [String], at place: String? = nil, action: String = "kill", log: String? = nil
  ) -> [String] {
    var options = classes.flatMap { ["--class", "\($0.name)=\($0.path)"] }
    if let place { options += ["--at", place, "--do", action] }
    if let log { options += ["--log", log] }
    return options + ["--", program] + arguments
  }

  /// The counted calls that a log tells of.
  public static func points(inLog path: String) throws -> [FaultPoint] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("!") }.compactMap(FaultPoint.init)
  }

  /// Whether what was asked for has happened.
  public static func hasHappened(inLog path: String) throws -> Bool {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").contains { $0.hasPrefix("!") }
  }
}

/// A wall clock that is wrong by so many seconds, for a child process.
public enum ShiftedClock {
  public static func environment(by seconds: Int) throws -> [String: String] {
    ["LD_PRELOAD": try CompiledC.file(.library, from: "shifted-clock.c"), "SHIFTED_CLOCK": "\(seconds)"]
  }
}
