import Foundation

extension CeremonyVerifyReport {
  /// The transcript explained to a person.
  var text: String {
    ([head, keyBlock, peopleBlock, stepBlock, fileBlock, observationBlock, differenceBlock, limitBlock] as [String?])
      .compactMap(\.self).joined(separator: "\n\n")
  }

  private var width: Int? { Console.answerWidth }

  private func wrapped(_ line: String, hanging: Int) -> String {
    Console.wrapped(Console.forTerminal(line), to: width, hanging: String(repeating: " ", count: hanging)).joined(separator: "\n")
  }

  private func facts(_ rows: [(name: String, value: String)]) -> String { Console.facts(rows, wrappingAt: width) }

  private func list(_ title: String, _ rows: [String]) -> String? {
    rows.isEmpty ? nil : ([title] + rows.map { wrapped("  \($0)", hanging: 6) }).joined(separator: "\n")
  }

  private var head: String {
    facts([
      ("transcript", "authentic and whole: \(entries) entries, sealed, and nothing in it was changed"),
      ("ceremony", "\(plan.title) (\(plan.name)), \(mode == "rehearsal" ? "a REHEARSAL" : "performed")"),
      ("from", openedAt.ISO8601Format()), ("to", sealedAt.ISO8601Format()), ("run", run),
      ("answered by", answers == "people" ? "people" : "a FILE of prepared answers"), ("tool", "hsmkey \(tool), SHA-256 \(toolSha256)"),
      ("plan SHA-256", "\(plan.sha256)\(plan.isTheOneNamed ? " (the one that was named)" : "")"), ("in words", plan.words),
      ("last line SHA-256", sealSha256),
      (
        "rehearsal",
        mode == "rehearsal"
          ? "this is one"
          : "run \(rehearsalRun ?? "none")\(isRehearsalCompared ? ": it approved, and was of this very plan" : " (not looked at)")"
      ),
    ])
  }

  private var keyBlock: String {
    let ground =
      switch key.ground {
      case "named": "the one that was named"
      case "transcript": "the one that this transcript says was generated; NOT COMPARED with the key that you use"
      default: "NOT COMPARED with the key that you use"
      }
    return facts([
      ("sealed by", "key \(key.name) on token \(key.token), \(ground)"), ("public key SHA-256", key.publicKeySha256),
      ("in words", key.publicKeyWords),
    ])
  }

  private var peopleBlock: String? {
    list(
      "participants",
      participants.map { person in
        let key = person.publicKeySha256.map { " \($0)" } ?? ""
        return "\(person.id): \(person.name), \(person.role); acknowledged with \(person.acknowledgesWith)\(key) at "
          + person.acknowledgedAt.joined(separator: ", ")
      })
  }

  private var stepBlock: String? {
    list(
      "steps",
      steps.map { step in
        let tries = step.attempts == 1 ? "" : ", in attempt \(step.attempts)"
        return "\(step.doneAt?.ISO8601Format() ?? "")  \(step.id): \(step.action) by \(step.actor)\(tries)"
      } + serials.sorted { $0.key < $1.key }.map { "token \($0.key) got the serial number \($0.value)" })
  }

  private var fileBlock: String? {
    list(
      "files",
      filesWritten.map {
        "\($0.file), \($0.size) bytes, SHA-256 \($0.sha256): written by \($0.step)\($0.isCompared ? ", and is that file" : "")"
      }
        + filesRead.map { "\($0.file), \($0.size) bytes, SHA-256 \($0.sha256): read by \($0.step)" })
  }

  private var observationBlock: String? {
    list(
      "what happened besides",
      observations.map { observation in
        let place = observation.line.map { "line \($0)" } ?? "folder"
        return "\(place)\(observation.time.map { ", \($0.ISO8601Format())" } ?? ""): \(observation.text)"
      })
  }

  private var differenceBlock: String? {
    guard isRehearsalCompared else { return nil }
    guard !differences.isEmpty else { return "the performance made what the rehearsal made" }
    return list(
      "the performance made SOMETHING ELSE than the rehearsal",
      differences.map { "\($0.step)\($0.pointer): rehearsed \($0.rehearsed ?? "nothing"), performed \($0.performed ?? "nothing")" })
  }

  private var limitBlock: String? { list("what this does not show", notShown.map { "- \($0)" }) }
}
