import Foundation
import KeyCeremony
import Secrets

/// A room that also tells a program what is shown and asked, a JSON object a line (`--json`). No answer and no secret is among it.
final class EventRoom: CeremonyRoom {
  private let room: any CeremonyRoom
  private let write: @Sendable ([UInt8]) -> Void

  /// - Parameter write: takes one line with its line feed; standard error by default.
  init(_ room: any CeremonyRoom, write: @escaping @Sendable ([UInt8]) -> Void = { try? FileHandle.standardError.write(contentsOf: $0) }) {
    self.room = room
    self.write = write
  }

  var isAttended: Bool { room.isAttended }

  func show(_ scene: CeremonyScene) async throws {
    tell(Event(scene))
    try await room.show(scene)
  }

  func ask(_ question: CeremonyQuestion) async throws -> String {
    try await telling(question, isSecret: false) { try await room.ask(question) }
  }

  func askSecretly(_ question: CeremonyQuestion) async throws -> HeldSecret {
    try await telling(question, isSecret: true) { try await room.askSecretly(question) }
  }

  func showSecretly(_ secret: HeldSecret, _ question: CeremonyQuestion) async throws {
    try await telling(question, isSecret: true) { try await room.showSecretly(secret, question) }
  }

  private func telling<Answer>(_ question: CeremonyQuestion, isSecret: Bool, _ ask: () async throws -> Answer) async throws -> Answer {
    tell(Event(question, isSecret: isSecret))
    let answer = try await ask()
    tell(Event(answered: question))
    return answer
  }

  private func tell(_ event: Event) {
    if let line = try? JSONOutput.encode(event) { write(line) }
  }

  /// One line. Members without a value are left out.
  private struct Event: Encodable {
    let event: String
    var step: String?
    var number: Int?
    var count: Int?
    var title: String?
    var lines: [String]?
    var sha256: String?
    var question: String?
    var participant: String?
    var kind: String?
    var isSecret: Bool?
    var text: String?
    var places: [Int]?

    init(_ scene: CeremonyScene) {
      event = scene.kind.rawValue
      step = scene.step
      number = scene.position?.number
      count = scene.position?.count
      title = scene.title
      lines = scene.lines.isEmpty ? nil : scene.lines
      sha256 = scene.digest?.hexadecimal
    }

    init(_ asked: CeremonyQuestion, isSecret: Bool) {
      event = "question"
      question = asked.id
      participant = asked.participant.id
      self.isSecret = isSecret
      text = asked.text
      switch asked.kind {
      case .text: kind = "text"
      case .confirmation: kind = "confirmation"
      case .words(let digest, let places):
        kind = "words"
        self.places = places
        sha256 = digest.hexadecimal
      case .pin: kind = "pin"
      case .newPIN: kind = "new-pin"
      case .share: kind = "share"
      case .shareCard: kind = "share-card"
      }
    }

    init(answered asked: CeremonyQuestion) {
      event = "answered"
      question = asked.id
      participant = asked.participant.id
    }
  }
}
