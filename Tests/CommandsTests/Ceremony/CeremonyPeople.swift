import Campaign
import Foundation
import Synchronization
import TestSupport
import Testing

/// The people of a ceremony at a pseudo-terminal: what each of them reads there, and types.
final class CeremonyPeople {
  let terminal: PseudoTerminal
  /// The PIN that somebody chooses at the beginning, by the name in the plan.
  var chosenPINs: [String: String] = [:]
  /// What is typed where a text is asked for.
  var note = "A-17"
  /// Is called with the last lines of the screen before something is typed; returns what to type instead.
  var instead: (Asked) async throws -> String? = { _ in nil }
  /// Everything that was asked, in order.
  private(set) var questions: [Asked] = []
  /// The share that each custodian has written down.
  private(set) var cards: [String: String] = [:]
  private var words: [Int: String] = [:]
  private var read = 0

  /// A question as it stands on the screen.
  struct Asked: Sendable {
    /// Who is asked, by the name in the plan; empty where nobody is named.
    let participant: String
    /// The text since the last answer.
    let screen: String
    /// What stands in the last line.
    let prompt: String
  }

  init() throws {
    terminal = try PseudoTerminal()
    try terminal.resize(columns: 100)
  }

  /// Answers until the program ends.
  ///
  /// - Returns: its exit code.
  func attend(_ child: ChildProcess) async throws -> Int {
    try await withThrowingTaskGroup(of: Void.self) { group in
      let ended = Ended()
      group.addTask { ended.tell(Int(try await child.wait())) }
      while true {
        try await Task.sleep(for: .milliseconds(20))
        if let code = ended.code { return code }
        try await answerWhatIsAsked()
      }
    }
  }

  private final class Ended: Sendable {
    private let value = Mutex<Int?>(nil)
    var code: Int? { value.withLock { $0 } }
    func tell(_ code: Int) { value.withLock { $0 = code } }
  }

  private func answerWhatIsAsked() async throws {
    let text = Self.plain(terminal.shown)
    guard text.count > read else { return }
    let fresh = String(text.dropFirst(read))
    guard let last = fresh.split(separator: "\n", omittingEmptySubsequences: false).last,
      let prompt = Self.prompts.first(where: { last.hasSuffix($0) })
    else { return }
    read = text.count
    look(at: fresh)
    let participant = Self.participant(in: fresh) ?? questions.last?.participant ?? ""
    let asked = Asked(participant: participant, screen: fresh, prompt: String(last))
    questions.append(asked)
    let answer: String
    if let given = try await instead(asked) { answer = given } else { answer = reply(asked, prompt) }
    terminal.type("\(answer)\n")
    // The echo of what was typed is no news.
    try await Task.sleep(for: .milliseconds(30))
  }

  /// Who was asked last: `Otto Officer (officer):`
  private static func participant(in text: String) -> String? {
    text.matches(of: /(?m)^[^\n(]+ \(([a-z-]+)\):$/).last.map { String($0.1) }
  }

  private static let prompts = [
    "yes, absent or stop: ", "yes or stop: ", "words: ", "> ", "New PIN: ", "New PIN, once more: ", ", once more: ", "PIN: ",
    "Share: ", "payroll: ", "root: ",
  ]

  private func reply(_ asked: Asked, _ prompt: String) -> String {
    switch prompt {
    case "yes, absent or stop: ", "yes or stop: ": return "yes"
    case "words: ":
      let places = asked.screen.matches(of: /Words? ([0-9, ]+) of the digest/).last?.1.matches(of: /\d+/).compactMap { Int($0.0) } ?? []
      return places.map { words[$0] ?? "?" }.joined(separator: " ")
    case "New PIN: ", "New PIN, once more: ":
      let pin = chosenPINs[asked.participant] ?? "secret-of-\(asked.participant)"
      chosenPINs[asked.participant] = pin
      return pin
    case "PIN: ": return chosenPINs[asked.participant] ?? "?"
    case "Share: ": return cards[asked.participant] ?? "?"
    default: return note
    }
  }

  /// Keeps the words of the last digest on the screen, and a share for who is shown it.
  private func look(at text: String) {
    let found = text.matches(of: /(?:^|\s)(\d{1,2}) ([A-Za-z]+)/).compactMap { match in Int(match.1).map { ($0, String(match.2)) } }
    if let start = found.lastIndex(where: { $0.0 == 1 }), found[start...].count >= 32 {
      words = Dictionary(found[start..<start + 32].map { ($0.0, $0.1) }) { first, _ in first }
    }
    let groups = text.matches(of: /(?:^|\s)(\d{1,2})  ([0-9A-HJKMNP-TV-Z]{5})(?:\s|$)/).map { String($0.2) }
    if text.contains("Write it down"), let participant = Self.participant(in: text) {
      cards[participant] = groups.joined(separator: " ")
    }
  }

  /// A screen's text without what steers the terminal.
  static func plain(_ text: String) -> String {
    text.replacing(/\u{1b}\[[0-9;?]*[A-Za-z]/, with: "").replacing("\r", with: "")
  }
}
