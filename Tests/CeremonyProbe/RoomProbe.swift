@testable import Commands
import Foundation
import KeyCeremony
import Secrets

/// Every kind of scene and question, once.
struct RoomProbe {
  let plan: CeremonyPlan
  /// Where the answers go; of secrets only their lengths.
  let answers: String

  func run() async throws {
    let room = try TerminalRoom(plan: plan)
    let person = plan.participants[1]
    let step = plan.steps[1]
    let position = CeremonyScene.Position(number: 2, count: plan.steps.count)
    func question(_ id: String, _ kind: CeremonyQuestion.Kind, _ text: String) -> CeremonyQuestion {
      CeremonyQuestion(id: id, participant: person, kind: kind, text: text)
    }
    var given: [String] = []
    try await room.show(
      CeremonyScene(.ceremony, title: "A title\u{1b}]0;x\u{7}", lines: ["Its purpose."], digest: plan.sha256))
    given.append("confirmed \(try await room.ask(question("a", .confirmation, "Everybody is here")))")
    try await room.show(CeremonyScene(.step, step: step.id, position: position, title: "What is done", lines: ["Expected: much"]))
    try await room.show(CeremonyScene(.digest, step: step.id, title: "A digest", digest: plan.sha256))
    given.append("text \(try await room.ask(question("b", .text, "Number of the bag")))")
    given.append("words \(try await room.ask(question("c", .words(digest: plan.sha256, places: [1, 17]), "Type the words")))")
    given.append("new \(try await room.askSecretly(question("d", .newPIN, "Choose a PIN")).count)")
    given.append("pin \(try await room.askSecretly(question("e", .pin, "Type your PIN")).count)")
    given.append("share \(try await room.askSecretly(question("f", .share, "Type your share")).count)")
    let secret = HeldSecret(SecretBytes(copying: Array("ABCD1 EFGH2 JKMN3\nPQRS4 TVWX5".utf8)))
    try await room.showSecretly(secret, question("g", .shareCard, "Your share of the PIN"))
    try await room.show(CeremonyScene(.done, step: step.id, position: position, title: "It is done", lines: ["with a result"]))
    try await room.show(CeremonyScene(.step, step: plan.steps[2].id, position: .init(number: 3, count: 9), title: "The next one"))
    given.append("end \(try await room.ask(question("h", .confirmation, "All is well")))")
    try Data((given.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: answers))
  }
}
