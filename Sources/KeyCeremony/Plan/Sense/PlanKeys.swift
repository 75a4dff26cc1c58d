import TokenKeys

/// Keys and certificates, step by step.
extension PlanSense {
  func generate(_ index: Int, _ key: PlanKey, _ algorithm: KeyAlgorithm, _ state: inout PlanState) {
    if state.keys[key] != nil {
      refuse(index, "key", "is \(key.name), which is on the token \(key.token) already", hint: "choose another name")
    }
    state.keys[key] = algorithm
    state.destroyed[key] = nil
  }

  func destroy(_ index: Int, _ key: PlanKey, _ evenIfCertified: Bool, _ state: inout PlanState) {
    need(index, key, state)
    if let step = state.certified[key], !evenIfCertified {
      refuse(
        index, "key", "is \(key.name), for which the step \(step) imports a certificate",
        hint: "add even-if-certified: true if the key shall go nevertheless")
    }
    state.keys[key] = nil
    state.certified[key] = nil
    state.destroyed[key] = draft.steps[index].id
  }

  func enrol(_ index: Int, _ enrolment: StepAction.Enrolment, _ state: inout PlanState) {
    if state.certificates[enrolment.certificate] != nil {
      refuse(
        index, "certificate", "is \(enrolment.certificate), which is there already",
        hint: "a certificate that is there is renewed: action: renew-certificate")
    }
    state.certificates[enrolment.certificate] = enrolment.token
  }

  func need(_ index: Int, _ key: PlanKey, _ state: PlanState) {
    guard state.keys[key] == nil else { return }
    if let step = state.destroyed[key] {
      refuse(index, "key", "is \(key.name), which the step \(step) destroys", hint: "put this step before that one")
    } else {
      refuse(
        index, "key", "is \(key.name), which is not on the token \(key.token) by then",
        hint: "generate it in an earlier step, or say under before: keys: that it is there already")
    }
  }

  func needCertificate(_ index: Int, _ token: String, _ name: String, _ state: PlanState) {
    guard state.certificates[name] != token else { return }
    refuse(
      index, "certificate", "is \(name), which is not in use on the token \(token) by then",
      hint: "enrol it in an earlier step, or say under before: certificates: that it is there already")
  }

  /// An ECDSA key signs with the hash of its size, an Ed25519 key with none.
  func checkHash(_ index: Int, _ hash: String, _ algorithm: KeyAlgorithm?) {
    guard let algorithm else { return }
    let hashes = Set(algorithm.signatureAlgorithms.compactMap(\.hashName))
    guard !hashes.contains(hash) else { return }
    refuse(
      index, "hash", "is \(hash), with which no \(algorithm) key signs",
      hint: hashes.isEmpty ? "sign-file wants an RSA or ECDSA key" : "such a key signs with \(hashes.sorted().joined(separator: ", "))")
  }

  func checkSubject(_ index: Int, _ subject: String) {
    do {
      _ = try SubjectText.parse(subject)
    } catch {
      refuse(index, "subject", "cannot be read: \(error.message)", hint: error.hint)
    }
  }
}
