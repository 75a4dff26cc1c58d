/// The people of a plan: gates, custodians, readers.
extension PlanSense {
  func checkPeople() {
    checkCustodians()
    for (index, step) in draft.steps.enumerated() {
      switch step.action {
      case .gate(_, let participants):
        if participants.isEmpty {
          refuse(index, "participants", "is empty", hint: "name those who acknowledge")
        }
        if Set(participants).count < participants.count {
          refuse(index, "participants", "names somebody twice", hint: "each person acknowledges once")
        }
      case .readAloud(_, let reader, let listener, _) where reader == listener:
        refuse(index, "listener", "is the reader", hint: "one reads, and another, who does not look, types what was heard")
      default: continue
      }
    }
    checkGate()
  }

  private func checkCustodians() {
    for pin in draft.pins {
      guard case .shared(let threshold, let custodians, _, _) = pin.origin else { continue }
      let line = line(.pins, pin.id)
      if custodians.count > PlanPIN.maximumCustodians {
        refuse(
          line: line, "pins.\(pin.id).custodians has more than \(PlanPIN.maximumCustodians) names", hint: "share it among fewer people")
      }
      if Set(custodians).count < custodians.count {
        refuse(line: line, "pins.\(pin.id).custodians names somebody twice", hint: "each person holds one share")
      }
      if threshold > custodians.count {
        refuse(
          line: line, "pins.\(pin.id).threshold is \(threshold), and there are \(custodians.count) custodians",
          hint: "as many shares as the threshold must come together; the threshold is 2 or more, and not more than there are custodians")
      }
    }
  }

  /// People have said that the ceremony goes on before anything is changed.
  private func checkGate() {
    guard let change = draft.steps.firstIndex(where: \.action.changesToken) else { return }
    let isGuarded = draft.steps[..<change].contains { if case .gate = $0.action { true } else { false } }
    if !isGuarded {
      refuse(
        change, "changes a token, and no gate stands before it",
        hint: "add a step with action: gate before it, so that people acknowledge the plan before anything is done")
    }
  }
}
