public import Foundation
import Synchronization

/// What the simulator's clock shows.
public struct ClockSetting: Hashable, Sendable, CustomStringConvertible {
  private enum Kind: Hashable {
    case offset(TimeInterval)
    case time(Date)
  }

  private let kind: Kind

  /// The machine's time.
  public static let machine = ClockSetting(kind: .offset(0))
  /// The machine's time and so many seconds more, or less.
  public static func offset(_ seconds: TimeInterval) -> ClockSetting { ClockSetting(kind: .offset(seconds)) }
  /// This time now; from then on the clock goes as the machine's does.
  public static func time(_ date: Date) -> ClockSetting { ClockSetting(kind: .time(date)) }

  private init(kind: Kind) { self.kind = kind }

  /// Reads `machine`, `+30d`, `-2h30m` (from the machine's time), `2027-01-31T12:00:00Z` or `2027-01-31`.
  ///
  /// - Throws: ``SimulatorError`` by `SIMULATOR-CLOCK`.
  public init(parsing text: String) throws(SimulatorError) {
    if text == "machine" {
      self = .machine
    } else if let sign = text.first, sign == "+" || sign == "-", let span = TimeText.span(text.dropFirst()) {
      self = .offset(sign == "-" ? -span : span)
    } else if let date = TimeText.point(text) {
      self = .time(date)
    } else {
      throw SimulatorError(
        .clock, "read a time", "\(text.prefix(40)) is no time", hint: "use machine, +30d, -2h, 2027-01-31T12:00:00Z or 2027-01-31")
    }
  }

  public var description: String {
    switch kind {
    case .offset(0): "machine"
    case .offset(let seconds): (seconds < 0 ? "-" : "+") + TimeText.text(seconds)
    case .time(let date): TimeText.text(date)
    }
  }

  /// What is to be added to the machine's time.
  func offset(at machine: Date) -> TimeInterval {
    switch kind {
    case .offset(let seconds): seconds
    case .time(let date): date.timeIntervalSince(machine)
    }
  }
}

/// The simulator's time: the machine's, moved by an offset, or standing still. All its decisions and all its certificates go by it.
final class SimulatedClock: Sendable {
  private struct State {
    var offset: TimeInterval
    var stoppedAt: Date?
  }

  private let machine: @Sendable () -> Date
  private let state: Mutex<State>

  init(machine: @escaping @Sendable () -> Date, setting: ClockSetting = .machine, isStopped: Bool = false) throws(SimulatorError) {
    self.machine = machine
    let now = machine()
    let offset = setting.offset(at: now)
    try Self.check(now.addingTimeInterval(offset))
    state = Mutex(State(offset: offset, stoppedAt: isStopped ? now.addingTimeInterval(offset) : nil))
  }

  /// The machine's own time.
  var machineTime: Date { machine() }

  var now: Date {
    let time = machine()
    return state.withLock { $0.stoppedAt ?? time.addingTimeInterval($0.offset) }
  }

  /// By how much the clock is ahead of the machine's.
  var offset: TimeInterval { now.timeIntervalSince(machine()) }

  var isStopped: Bool { state.withLock { $0.stoppedAt != nil } }

  /// A clock that stands still stands still at the new time.
  func set(_ setting: ClockSetting) throws(SimulatorError) {
    let time = machine()
    let offset = setting.offset(at: time)
    try Self.check(time.addingTimeInterval(offset))
    state.withLock { state in
      state.offset = offset
      if state.stoppedAt != nil { state.stoppedAt = time.addingTimeInterval(offset) }
    }
  }

  func advance(by seconds: TimeInterval) throws(SimulatorError) {
    try Self.check(now.addingTimeInterval(seconds))
    state.withLock { state in
      state.offset += seconds
      state.stoppedAt?.addTimeInterval(seconds)
    }
  }

  func stop() {
    let time = machine()
    state.withLock { if $0.stoppedAt == nil { $0.stoppedAt = time.addingTimeInterval($0.offset) } }
  }

  /// Goes on from where the clock stands.
  func start() {
    let time = machine()
    state.withLock { state in
      guard let stopped = state.stoppedAt else { return }
      state.offset = stopped.timeIntervalSince(time)
      state.stoppedAt = nil
    }
  }

  private static func check(_ date: Date) throws(SimulatorError) {
    guard date.timeIntervalSince1970 >= 0, date <= TimeText.latest else {
      throw SimulatorError(.clock, "set the clock", "the clock goes from 1970 to 2199")
    }
  }
}
