import Foundation
import KeyCeremony
import Secrets
import Synchronization

/// The screen of a ceremony: what stands on it, and how it is cleared. Its calls block.
final class TerminalDisplay: Sendable {
  private let screen = TerminalScreen()
  private let style = CeremonyLayout.style(ProcessEnvironment.values(of: ["TERM", "NO_COLOR"]))
  /// What stands at the top, for screens that are made anew in the middle of a step.
  private let top = Mutex<Top>(Top())

  private struct Top {
    var position: CeremonyScene.Position?
    var parts: [String] = []
    /// What the step before has brought; it stands on the next screen as well, or nobody could read it.
    var before: CeremonyScene?
  }

  func show(_ scene: CeremonyScene, _ parts: [String]) throws {
    let layout = try layout()
    switch scene.kind {
    case .ceremony, .step:
      let before = top.withLock { top in
        defer { top = Top(position: scene.position, parts: parts) }
        return top.before
      }
      let header = scene.position == nil && parts.isEmpty ? [] : layout.header(scene.position, parts)
      let earlier = before.map { layout.body($0, isEarlier: true) + [""] } ?? []
      try write(clearing(keepingWhatWasShown: true) + lines(header + (header.isEmpty ? [] : [""]) + earlier + layout.body(scene)))
    default:
      if scene.kind == .done { top.withLock { $0.before = scene } }
      try write("\n" + lines(layout.body(scene)))
    }
  }

  /// Asks once.
  ///
  /// - Returns: one line, which may not be an answer.
  /// - Throws: `CEREMONY-STOPPED`
  func ask(_ question: CeremonyQuestion) throws -> String {
    let layout = try layout()
    try write("\n" + lines(layout.question(question, note: Self.note(on: question))))
    let answer = try line(Self.prompt(for: question))
    let word = answer.lowercased()
    if word == "stop" { throw Self.stopped(question) }
    return word == "yes" || word == "absent" ? word : answer
  }

  /// Asks once, without echo.
  ///
  /// - Returns: nil when it has to be asked again; why is shown already. An empty one says that the person is not here, or has no share.
  func askSecretly(_ question: CeremonyQuestion) throws -> HeldSecret? {
    let layout = try layout()
    try write("\n" + lines(layout.question(question, note: Self.note(on: question))))
    let purpose = question.kind == .newPIN ? "  New PIN" : question.kind == .share ? "  Share" : "  PIN"
    let typed = Result { () throws(SecretError) in
      HeldSecret(try SecretSource.prompt.read(purpose: purpose, confirm: question.kind == .newPIN))
    }
    let secret: HeldSecret
    switch typed {
    case .success(let typed): secret = typed
    case .failure(let error):
      if error.rule == .empty, question.kind != .newPIN { return Self.nothing }
      guard [.confirmation, .empty, .length].contains(error.rule) else { throw error }
      try complain("\(error.message.prefix(1).uppercased())\(error.message.dropFirst()); once more.")
      return nil
    }
    if Self.isWord("stop", secret) { throw Self.stopped(question) }
    if Self.isWord("absent", secret), question.kind != .newPIN { return Self.nothing }
    guard question.kind != .newPIN || Self.newPINLength.contains(secret.count) else {
      try complain("A new PIN has \(Self.newPINLength.lowerBound) to \(Self.newPINLength.upperBound) characters; once more.")
      return nil
    }
    return secret
  }

  /// Shows a secret to one person, while the others look away, and takes it off the screen.
  func showSecretly(_ secret: HeldSecret, _ question: CeremonyQuestion) throws {
    let who = CeremonyLayout.clean(question.participant.name)
    try write(clearing(keepingWhatWasShown: true) + lines(try header() + (try layout()).question(question)))
    try confirm(
      question, "Everybody but \(who) looks away now; a camera is covered or turned. Only then: yes shows it.")
    let view = SecretOnScreen(
      above: try clearing(keepingWhatWasShown: true) + lines(try header() + (try layout()).question(question) + [""]),
      below: "\n" + lines(try layout().wrap("  Write it down, group by group, and compare. yes takes it off the screen.", hanging: 2)),
      prompt: Self.confirming, wiping: try clearing(keepingWhatWasShown: false) + lines(try header()))
    try view.show(secret) { try Self.isConfirmed($0, question) }
  }

  func complain(_ text: String) throws { try write(lines(try layout().again(text))) }

  private func confirm(_ question: CeremonyQuestion, _ text: String) throws {
    try write("\n" + lines(try layout().wrap("  " + text, hanging: 2)))
    while true {
      if try Self.isConfirmed(try line(Self.confirming), question) { return }
    }
  }

  private static let confirming = "  yes or stop: "

  private static func isConfirmed(_ answer: String, _ question: CeremonyQuestion) throws -> Bool {
    switch answer.trimmingCharacters(in: .whitespaces).lowercased() {
    case "yes": true
    case "stop": throw stopped(question)
    default: false
    }
  }

  /// A line that was typed. What a terminal cannot mean by it is asked for again.
  private func line(_ prompt: String) throws -> String {
    while true {
      let typed = Result { () throws(SecretError) in try TerminalLine(prompt: prompt).ask() }
      switch typed {
      case .success(let line): return line
      case .failure(let error):
        guard error.rule == .line else { throw error }
        try complain("\(error.message.prefix(1).uppercased())\(error.message.dropFirst()); once more.")
      }
    }
  }

  // MARK: Texts

  /// How long a PIN is that a participant chooses, in bytes.
  static let newPINLength = 6...64

  /// The answer of somebody who is not here.
  private static var nothing: HeldSecret { HeldSecret(SecretBytes(copying: [])) }

  /// Whether a word was typed where a secret was asked for.
  private static func isWord(_ word: String, _ secret: HeldSecret) -> Bool {
    let typed = secret.copy()
    let wanted = SecretBytes(copying: Array(word.utf8))
    return typed.isEqual(to: wanted)
  }

  private static func prompt(for question: CeremonyQuestion) -> String {
    switch question.kind {
    case .confirmation, .shareCard: "  yes, absent or stop: "
    case .words: "  words: "
    default: "  > "
    }
  }

  private static func note(on question: CeremonyQuestion) -> String? {
    switch question.kind {
    case .words(_, let places):
      places.count == 1
        ? "Word \(places[0]) of the digest."
        : "Words \(places.map(String.init).joined(separator: ", ")) of the digest, with spaces between."
    case .pin: "Nothing is shown while it is typed. Enter alone means absent, too."
    case .newPIN: "It is typed twice, and nothing is shown of it."
    case .share: "As it stands on the card. Nothing is shown while it is typed; spaces and small letters do not matter."
    default: nil
    }
  }

  private static func stopped(_ question: CeremonyQuestion) -> CeremonyError {
    CeremonyError(
      .stopped, operation: "ask \(question.id)", message: "\(question.participant.name) (\(question.participant.id)) stopped the ceremony",
      hint: "what was done stays done; \(CeremonyText.howToGoOn)")
  }

  // MARK: The screen

  private func layout() throws -> CeremonyLayout { CeremonyLayout(style: style, columns: try screen.size().columns ?? 80) }

  private func header() throws -> [String] {
    let (position, parts) = top.withLock { ($0.position, $0.parts) }
    return position == nil && parts.isEmpty ? [] : try layout().header(position, parts) + [""]
  }

  private func lines(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

  private func write(_ text: String) throws { try screen.show(text) }

  /// What makes room for the next screen.
  ///
  /// - Parameter keepingWhatWasShown: lets what stood there scroll away, to be looked at again; otherwise it is wiped, with everything that
  ///   scrolled away before.
  private func clearing(keepingWhatWasShown: Bool) throws -> String {
    let rows = try screen.size().rows ?? 24
    guard style != .plain else {
      return keepingWhatWasShown
        ? "\n"
        : String(repeating: "\n", count: max(rows, 50))
          + lines(try layout().wrap("Clear this terminal's memory by hand: it cannot be told to."))
    }
    let away = keepingWhatWasShown ? "\u{1b}[\(rows);1H" + String(repeating: "\n", count: rows) : ""
    return away + "\u{1b}[H\u{1b}[2J" + (keepingWhatWasShown ? "" : "\u{1b}[3J")
  }
}
