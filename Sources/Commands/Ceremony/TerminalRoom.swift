import KeyCeremony
import PKCS11
import Secrets
import Synchronization

/// The people of a ceremony at the controlling terminal: one step at a time on the screen, each question put to one person by name.
/// Standard output stays free for the answer.
final class TerminalRoom: CeremonyRoom {
  let isAttended = true
  private let plan: CeremonyPlan?
  private let display: TerminalDisplay

  /// - Parameter plan: tells whose step it is.
  /// - Throws: `SECRET-NO-TERMINAL` where nobody can be asked.
  init(plan: CeremonyPlan? = nil) throws {
    guard TerminalQuestion.canBeAsked else {
      throw CommandError(
        .configuration, code: "no-terminal", rule: SecretRule.noTerminal.rawValue, operation: "open the room of the ceremony",
        message: "the people of a ceremony are asked on the terminal, and there is none",
        hints: ["run this on a terminal (over ssh: ssh -t); a rehearsal can be answered from a file: --answers FILE"])
    }
    self.plan = plan
    display = TerminalDisplay()
  }

  func show(_ scene: CeremonyScene) async throws {
    let parts = scene.step.map { [$0] + actor(ofStep: $0) } ?? []
    try await onOwnThread { [display] in try display.show(scene, parts) }
  }

  func ask(_ question: CeremonyQuestion) async throws -> String {
    try await onOwnThread { [display] in
      while true {
        let answer = try display.ask(question)
        guard let complaint = Self.complaint(about: answer, question) else { return answer }
        try display.complain(complaint)
      }
    }
  }

  func askSecretly(_ question: CeremonyQuestion) async throws -> HeldSecret {
    try await onOwnThread { [display] in
      while true {
        if let secret = try display.askSecretly(question) { return secret }
      }
    }
  }

  func showSecretly(_ secret: HeldSecret, _ question: CeremonyQuestion) async throws {
    try await onOwnThread { [display] in try display.showSecretly(secret, question) }
  }

  /// Why an answer is none, and is asked for again.
  private static func complaint(about answer: String, _ question: CeremonyQuestion) -> String? {
    switch question.kind {
    case .confirmation, .shareCard:
      ["yes", "absent"].contains(answer) ? nil : "Type the word yes; absent when the person is not here; stop to end the ceremony here."
    default: answer.isEmpty ? "An answer is needed; stop ends the ceremony here." : nil
    }
  }

  /// `officer (Otto Officer)`
  private func actor(ofStep id: String) -> [String] {
    guard let plan, let step = plan.steps.first(where: { $0.id == id }), let actor = plan.participant(step.actor) else { return [] }
    return ["\(actor.id) (\(actor.name))"]
  }

  /// A person may take all day, so nobody waits on a thread that others need.
  private func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await WatchedThread.run("ask on the terminal", body)
  }
}
