/// Every name that is used is declared, and every step has a name of its own.
extension PlanSense {
  func checkReferences() {
    for (index, step) in draft.steps.enumerated() {
      if let first = draft.steps[..<index].first(where: { $0.id == step.id }) {
        refuse(
          line: line(index, "id"), "steps.\(step.id) is there twice: the first begins on line \(first.line)",
          hint: "give each step a name of its own; the transcript and the prepared answers know it by that")
      }
      check(PlanMention(part: .participants, name: step.actor), "steps.\(step.id).actor", line: line(index, "actor"))
      for (field, mention) in step.action.mentions { check(mention, "steps.\(step.id).\(field)", line: line(index, field)) }
    }
    for token in draft.tokens {
      let line = line(.tokens, token.id)
      check(PlanMention(part: .pins, name: token.userPIN), "tokens.\(token.id).user-pin", line: line)
      if let pin = token.securityOfficerPIN {
        check(PlanMention(part: .pins, name: pin), "tokens.\(token.id).security-officer-pin", line: line)
      }
    }
    for pin in draft.pins {
      guard case .shared(_, let custodians, _, _) = pin.origin else { continue }
      for name in custodians {
        check(PlanMention(part: .participants, name: name), "pins.\(pin.id).custodians", line: line(.pins, pin.id))
      }
    }
    for (index, key) in draft.before.keys.enumerated() {
      let place = "before.keys[\(index)]"
      check(PlanMention(part: .tokens, name: key.key.token), "\(place).token", line: draft.lines[place])
    }
    for (index, certificate) in draft.before.enrolled.enumerated() {
      let place = "before.certificates[\(index)]"
      check(PlanMention(part: .tokens, name: certificate.token), "\(place).token", line: draft.lines[place])
    }
    if let key = draft.ceremonyKey {
      check(PlanMention(part: .tokens, name: key.token), "ceremony-key.token", line: draft.lines["ceremony-key"])
    }
  }

  private func check(_ mention: PlanMention, _ place: String, line: Int?) {
    let known = (draft.declared[mention.part] ?? []).map(\.name)
    guard !known.contains(mention.name) else { return }
    let part = mention.part.rawValue
    refuse(
      line: line, "\(place) names \(mention.name), which is not declared under \(part):",
      hint: known.isEmpty ? "declare it under \(part):" : "declared under \(part): \(known.joined(separator: ", "))")
  }
}
