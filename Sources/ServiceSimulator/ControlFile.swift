import Foundation
import Synchronization

/// A file that commands are appended to while the simulator runs.
///
/// It is looked at before every request and a few times a second, so a command that was written before a request was sent holds for that
/// request. A file that was replaced or shortened is read from its start again. A line counts from its line feed on.
final class ControlFile: Sendable {
  struct Line: Sendable {
    let number: Int
    let text: String
  }

  private struct State: Equatable {
    var inode: UInt64?
    var size: UInt64 = 0
    var changed: Date?
    var offset: UInt64 = 0
    var lines = 0
    var isRefused = false
  }

  let path: String
  private let state = Mutex(State())

  /// A larger file is refused.
  static let maximumBytes: UInt64 = 1 << 20

  init(path: String) { self.path = path }

  /// The lines that were added since the last time, without empty ones and comments.
  ///
  /// - Throws: ``SimulatorError`` by `SIMULATOR-OWNER-ONLY`, once for each state of the file.
  func newLines() throws -> [Line] {
    try state.withLock { state in
      guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
        state = State()
        return []
      }
      let inode = (attributes[.systemFileNumber] as? NSNumber)?.uint64Value
      let size = (attributes[.size] as? NSNumber)?.uint64Value ?? 0
      let changed = attributes[.modificationDate] as? Date
      let isUsable = OwnerOnlyFile.isOne(attributes) && size <= Self.maximumBytes
      guard isUsable else {
        defer { state = State(isRefused: true) }
        if state.isRefused { return [] }
        throw SimulatorError(
          .ownerOnly, "read the control file", "\(path) is not a file that only you can read, of at most 1 MiB", hint: "chmod 600")
      }
      if state.isRefused || state.inode != inode || size < state.offset { state = State() }
      guard state.inode != inode || state.size != size || state.changed != changed else { return [] }
      (state.inode, state.size, state.changed) = (inode, size, changed)
      return try read(&state)
    }
  }

  private func read(_ state: inout State) throws -> [Line] {
    let file = try FileHandle(forReadingFrom: URL(filePath: path))
    defer { try? file.close() }
    try file.seek(toOffset: state.offset)
    let data = try file.read(upToCount: Int(Self.maximumBytes)) ?? Data()
    guard let end = data.lastIndex(of: 0x0a) else { return [] }
    let whole = data[...end]
    state.offset += UInt64(whole.count)
    var found: [Line] = []
    for line in whole.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast() {
      state.lines += 1
      let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
      if !text.isEmpty, !text.hasPrefix("#") { found.append(Line(number: state.lines, text: text)) }
    }
    return found
  }
}

/// Carries commands out one after the other, in their order, and has each in the log with what came of it.
actor ControlDesk {
  private let file: ControlFile?
  private let service: ServiceEndpoint
  private var last: Task<Void, Never>?

  init(file: ControlFile?, service: ServiceEndpoint) {
    self.file = file
    self.service = service
  }

  /// Carries out what was added to the file. Whoever comes meanwhile waits for the end.
  func refresh() async {
    guard let file else { return }
    let previous = last
    let task = Task { [service] in
      await previous?.value
      await Self.carryOut(file, service)
    }
    last = task
    await task.value
  }

  private static func carryOut(_ file: ControlFile, _ service: ServiceEndpoint) async {
    do {
      for line in try file.newLines() {
        _ = try? await carryOut(line.text, "control line \(line.number)", service)
      }
    } catch {
      service.log.add(LoggedChange(at: service.clock.now, source: "control", isAccepted: false, reason: "\(error)"))
    }
  }

  /// Carries one command out and logs it.
  ///
  /// - Returns: what was done.
  @discardableResult
  static func carryOut(_ text: String, _ source: String, _ service: ServiceEndpoint) async throws -> String {
    do {
      let command = try SimulatorCommand(parsing: text)
      let done = try await command.perform(on: service)
      service.log.add(
        LoggedChange(at: service.clock.now, source: source, isAccepted: true, reason: command.name == "note" ? "note: \(done)" : done))
      return done
    } catch {
      service.log.add(LoggedChange(at: service.clock.now, source: source, isAccepted: false, reason: "\(error)"))
      throw error
    }
  }
}
