import PKCS11

extension KeyProber {
  /// Asks for a copy, with other attributes or the same.
  func copying(_ trial: ProbeTrial, changing attributes: [Attribute]) -> [Step] {
    [
      { [self] session in
        let answer = try trial.attempt("C_CopyObject") {
          try session.copyObject(key, changing: [.init(.token, false)] + attributes)
        }
        if case .failed = answer { session.giveUp() }
        guard case .accepted(let copy) = answer else { return }
        trial.did(attributes.isEmpty ? "C_CopyObject made a copy" : "C_CopyObject made an extractable copy")
        guard copy != key, !attributes.isEmpty, !session.isPoisoned else {
          return try destroy(copy, .privateKey, parts.algorithm.keyType, trial, in: &session)
        }
        let number = sessionNumber
        goOn(
          with: extraction(of: copy, trial) + [
            { [self] session in
              if number == sessionNumber { try destroy(copy, .privateKey, parts.algorithm.keyType, trial, in: &session) }
            }
          ])
      }
    ]
  }

  /// Turns a flag in the direction in which it must not be turned.
  func turning(_ flag: AttributeType, to loose: Bool, _ trial: ProbeTrial) -> [Step] {
    [
      { [self] session in
        let before = try session.attributes([flag], of: key).bool(flag)
        guard before != loose else {
          return trial.note("\(flag) is \(loose) already, so there is nothing to turn")
        }
        // What comes of a call that fails is not known: from here on the flag counts as turned.
        didTurn(flag, from: !loose)
        let answer = try trial.attempt("C_SetAttributeValue") { try session.setAttributes([.init(flag, loose)], of: key) }
        switch answer {
        case .refused, .impossible: didTurnBack(flag)
        case .failed:
          goOn(with: [{ [self] session in try afterTurning(flag, to: loose, from: before, isAccepted: false, trial, in: &session) }])
        case .accepted:
          goOn(with: [{ [self] session in try afterTurning(flag, to: loose, from: before, isAccepted: true, trial, in: &session) }])
        }
      }
    ]
  }

  /// Looks what became of a flag, tries to get the key out, and turns the flag back, whatever the token says of it.
  private func afterTurning(
    _ flag: AttributeType, to loose: Bool, from before: Bool?, isAccepted: Bool, _ trial: ProbeTrial, in session: inout Session
  ) throws {
    let now = try session.attributes([flag], of: key).bool(flag)
    if now == loose {
      trial.did("C_SetAttributeValue turned \(flag) to \(loose)")
    } else {
      let reading = "\(flag) is \(now.map { "\($0)" } ?? "unknown") afterwards"
      // The word of a token that accepted the change is not enough to tell that it has not made it.
      if isAccepted { trial.began("C_SetAttributeValue answered CKR_OK, and \(reading)") } else { trial.note(reading) }
    }
    let isHarmless = now != loose && now == before && (now != nil || !isAccepted)
    goOn(with: extraction(of: nil, trial) + [turningBack(flag, from: loose, reading: before, isHarmless: isHarmless, trial)])
  }

  /// Turns a flag back, in another session too when the first does not do it.
  ///
  /// - Parameters:
  ///   - before: what the flag was read as at first.
  ///   - isHarmless: nothing was seen of the change, so that it is no error where the flag cannot be set again.
  private func turningBack(
    _ flag: AttributeType, from loose: Bool, reading before: Bool?, isHarmless: Bool, isSecond: Bool = false, _ trial: ProbeTrial
  ) -> Step {
    { [self] session in
      let answer = try trial.attempt("C_SetAttributeValue", isDecisive: false) {
        try session.setAttributes([.init(flag, !loose)], of: key)
      }
      let value = session.isPoisoned ? nil : try session.attributes([flag], of: key).bool(flag)
      if case .accepted = answer, value == !loose || (value == nil && before == nil) {
        didTurnBack(flag)
        trial.note("turned back at once")
      } else if isSecond, isHarmless, session.isPoisoned || value == before {
        didTurnBack(flag)
        trial.note("it could not be set again, and is read as before")
      } else if isSecond {
        trial.note("it could NOT be turned back: \(flag) = \(value.map { "\($0)" } ?? "unknown")")
      } else {
        session.giveUp()
        goOn(with: [turningBack(flag, from: loose, reading: before, isHarmless: isHarmless, isSecond: true, trial)])
      }
    }
  }
}
