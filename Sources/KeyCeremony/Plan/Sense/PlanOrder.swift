import TokenKeys

/// The steps in their order: each finds what it needs in what was there before the ceremony and in the steps before it.
extension PlanSense {
  func checkOrder() {
    var state = PlanState(draft)
    checkBlankTokens(state)
    for index in draft.steps.indices { check(index, &state) }
    checkCeremonyKey(state)
  }

  private func check(_ index: Int, _ state: inout PlanState) {
    let step = draft.steps[index]
    switch step.action {
    case .checkToken(let token, let expects): checkState(index, token, expects, &state)
    case .initialiseToken(let token): initialise(index, token, &state)
    case .sharePIN(let pin): share(index, pin, &state)
    case .combinePIN(let pin): combine(index, pin, &state)
    case .setPIN(let token, let owner, let to): setPIN(index, token, owner, to, &state)
    case .generateKey(let key, let algorithm, _):
      logIn(index, key.token, state)
      generate(index, key, algorithm, &state)
    case .enrolCertificate(let enrolment):
      logIn(index, enrolment.token, state)
      enrol(index, enrolment, &state)
    case .verifyCopy(let key, let on):
      logIn(index, key.token, state)
      logIn(index, on, state, field: "on")
      need(index, key, state)
      if on == key.token { refuse(index, "on", "is the token of the key itself", hint: "a copy is on another token") }
    case .proveKey(let choice, _):
      logIn(index, choice.token, state)
      switch choice {
      case .key(let key): need(index, key, state)
      case .certificate(let token, let name): needCertificate(index, token, name, state)
      }
    case .renewCertificate(let token, let name, _):
      logIn(index, token, state)
      needCertificate(index, token, name, state)
    case .makeRequest(let key, let subject, _):
      logIn(index, key.token, state)
      need(index, key, state)
      checkSubject(index, subject)
    case .importCertificate(let key, _):
      logIn(index, key.token, state)
      need(index, key, state)
      state.certified[key] = step.id
    case .signFile(let key, _, let hash, _):
      logIn(index, key.token, state)
      need(index, key, state)
      checkHash(index, hash, state.keys[key] ?? nil)
    case .destroyKey(let key, let evenIfCertified):
      logIn(index, key.token, state)
      destroy(index, key, evenIfCertified, &state)
    case .readAloud(let subject, _, _, _): checkAloud(index, subject, state)
    case .human, .gate: break
    }
    if let output = step.action.written { state.written.insert(output) }
  }

  private func checkAloud(_ index: Int, _ subject: StepAction.ReadAloudSubject, _ state: PlanState) {
    switch subject {
    case .plan: break
    case .output(let name) where state.written.contains(name): break
    case .output(let name):
      refuse(index, "output", "is \(name), which no earlier step has written", hint: "put the step after the one that writes it")
    case .key(let key):
      logIn(index, key.token, state)
      need(index, key, state)
    }
  }

  private func checkCeremonyKey(_ state: PlanState) {
    guard let key = draft.ceremonyKey else { return }
    let line = draft.lines["ceremony-key"]
    if let step = state.destroyed[key] {
      refuse(
        line: line, "ceremony-key is destroyed by the step \(step)",
        hint: "it signs the transcript at the end: name a key that is there then")
    } else if state.keys[key] == nil {
      refuse(
        line: line, "ceremony-key \(key.name) on \(key.token) is not there at the end",
        hint: "generate it in a step, or say under before: keys: that it is there already")
    }
  }
}
