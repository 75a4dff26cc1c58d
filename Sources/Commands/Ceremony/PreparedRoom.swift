import KeyCeremony
import KeyEvidence
import Secrets
import Synchronization
import SystemPackage

/// A ceremony without people, for rehearsals and tests: what is asked is answered from a file that was prepared.
final class PreparedRoom: CeremonyRoom {
  let isAttended = false
  private let answers: @Sendable (String) -> String?
  private let tell: @Sendable (String) -> Void
  /// Which PIN the shares of a step are of.
  private let pinOfStep: [String: String]
  /// Shares that were shown in this process, by PIN and custodian.
  private let shares = Mutex<[[String]: HeldSecret]>([:])

  /// The answer that stands for what was shown: words of a digest, a share.
  static let asShown = "as-shown"
  /// What an answer begins with that is in a file of its own: a PIN, or a share that is written there and read from there.
  static let filePrefix = "file:"

  /// - Parameters:
  ///   - plan: says which step is about which PIN.
  ///   - answers: the answer that was prepared for a question's name.
  ///   - tell: is told in short lines what happens.
  init(plan: CeremonyPlan, answers: @escaping @Sendable (String) -> String?, tell: @escaping @Sendable (String) -> Void) {
    self.answers = answers
    self.tell = tell
    let pins = plan.steps.compactMap { step -> (String, String)? in
      switch step.action {
      case .sharePIN(let pin), .combinePIN(let pin): (step.id, pin)
      default: nil
      }
    }
    pinOfStep = Dictionary(pins) { first, _ in first }
  }

  func show(_ scene: CeremonyScene) async throws {
    let place = scene.position.map { "step \($0.number) of \($0.count)" + (scene.step.map { " (\($0))" } ?? "") + ": " } ?? ""
    switch scene.kind {
    case .ceremony, .step, .done, .note: tell(place + (scene.kind == .done ? "done: " : "") + scene.title)
    case .digest: tell(place + scene.title + (scene.digest.map { ": \($0.hexadecimal)" } ?? ""))
    case .trouble: ([scene.title] + scene.lines).forEach { tell(place + "trouble: " + $0) }
    }
  }

  func ask(_ question: CeremonyQuestion) async throws -> String {
    let answer = try prepared(question)
    switch question.kind {
    case .words(let digest, let places) where answer == Self.asShown:
      let words = FingerprintWords.words(for: digest)
      return places.compactMap { words.indices.contains($0 - 1) ? words[$0 - 1] : nil }.joined(separator: " ")
    case .confirmation, .shareCard:
      guard answer == "yes" || answer == "absent" else { throw refusal(question, "the answer must be yes, absent or stop") }
    default: break
    }
    return answer
  }

  func askSecretly(_ question: CeremonyQuestion) async throws -> HeldSecret {
    let answer = try prepared(question)
    // Somebody who is not here gives nothing.
    if answer == "absent", question.kind != .newPIN { return HeldSecret(SecretBytes(copying: [])) }
    if answer.hasPrefix(Self.filePrefix) { return HeldSecret(try SecretSource(parsing: answer).read(purpose: question.text)) }
    guard answer == Self.asShown else { return HeldSecret(SecretBytes(copying: Array(answer.utf8))) }
    guard question.kind == .share, let shown = shares.withLock({ $0[Self.key(question, pinOfStep)] }) else {
      throw refusal(
        question, "nothing was shown to \(question.participant.id) in this run that could be answered",
        hint: "give the share itself: after an interruption nobody knows any more what was shown before")
    }
    return shown
  }

  func showSecretly(_ secret: HeldSecret, _ question: CeremonyQuestion) async throws {
    let answer = try prepared(question)
    guard answer == "yes" || answer == Self.asShown || answer.hasPrefix(Self.filePrefix) else {
      throw refusal(question, "the answer must be yes, or file:PATH to write it there")
    }
    if answer.hasPrefix(Self.filePrefix) { try Self.write(secret, to: String(answer.dropFirst(Self.filePrefix.count)), question) }
    shares.withLock { $0[Self.key(question, pinOfStep)] = secret }
  }

  /// Writes a share where its custodian will find it: the card of a test.
  private static func write(_ secret: HeldSecret, to path: String, _ question: CeremonyQuestion) throws {
    do {
      let descriptor = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
      try descriptor.closeAfter { try descriptor.writeAll(secret) }
    } catch {
      throw CeremonyError(
        .answersFile, operation: "ask \(question.id)", message: "\(path) cannot be written: \(error)", underlying: error)
    }
  }

  /// The PIN and the custodian of a share. Beside `STEP/CUSTODIAN/share` there is `combine/PIN/CUSTODIAN`, for a run that was cut off.
  private static func key(_ question: CeremonyQuestion, _ pinOfStep: [String: String]) -> [String] {
    let parts = question.id.split(separator: "/").map(String.init)
    let step = parts.first ?? ""
    let pin = pinOfStep[step] ?? (step == "combine" && parts.count > 1 ? parts[1] : step)
    return [pin, question.participant.id]
  }

  private func prepared(_ question: CeremonyQuestion) throws -> String {
    guard let answer = answers(question.id) else {
      throw refusal(
        question, "no answer is prepared for the question \(question.id), which is put to \(question.participant.name)",
        hint: "add it to the file under answers; all names of a plan: hsmkey ceremony check PLAN --print-answers")
    }
    guard answer.lowercased() != "stop" else {
      throw CeremonyError(
        .stopped, operation: "ask \(question.id)",
        message: "\(question.participant.name) (\(question.participant.id)) stopped the ceremony",
        hint: "what was done stays done; the same command goes on from here")
    }
    return answer
  }

  private func refusal(_ question: CeremonyQuestion, _ message: String, hint: String? = nil) -> CeremonyError {
    CeremonyError(.answersFile, operation: "ask \(question.id)", message: message, hint: hint)
  }
}
