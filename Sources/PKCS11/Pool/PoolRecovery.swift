extension PoolCore {
  /// Does a piece of work, and what is needed so that it, or the next, may succeed: the recovery ladder.
  ///
  /// Its rungs, from cheap to dear: the same call again; a new session; a new login; the module initialised anew. Each is tried once; one
  /// that does not hold leads to the next. Work that may not be done twice is not repeated, but what it left broken is mended for the next.
  func perform(_ job: PoolJob, _ lender: SessionLender, on worker: PoolWorker) {
    // In this order, so that a caller who goes between the two is heard.
    worker.monitor.reset()
    guard !job.isConcluded else { return }
    lender.begin()
    lender.gate.enter(worker.monitor)
    defer { lender.gate.leave(worker.monitor) }
    var climbed = Rung.none
    while true {
      do {
        if job.needsLogin { try lender.refresh() }
        try job.attempt(lender)
        if job.needsLogin, !job.isConcluded { report(breaker.succeeded()) }
        job.conclude()
        return
      } catch {
        if Self.isOutOfSessions(error), !lender.hasWritten, lender.mayRepeat {
          if retire(worker, returning: job) { return }
          if (try? login.becomeSingle()) == true {
            tell(.sessionLimitReached, "token \(label) has room for one session only")
            continue
          }
        }
        // Nobody waits any more. What an operation has left half done shows on the session itself.
        guard !job.isConcluded else { return }
        guard job.needsLogin else {
          job.fail(error)
          return
        }
        let obstacle = climb(&climbed, after: error, lender)
        guard obstacle == nil, lender.mayRepeat, job.isRepeatable || !lender.hasWritten else { return conclude(job, obstacle ?? error) }
      }
    }
  }

  /// A rung of the ladder, numbered by its height.
  private enum Rung: Int {
    case none, again, handles, session, login, module

    /// What the error's verdict asks for, or the next dearer means when that was tried; nil when there is none that could help.
    init?(after error: any Error, above climbed: Rung) {
      guard let recovery = (error as? any RecoveryAdvising)?.recovery else { return nil }
      let (lowest, highest): (Rung, Rung) =
        switch recovery {
        case .retry: (.again, .session)
        case .findKeyAgain: (.handles, .handles)
        case .newSession: (.session, .module)
        case .logInAgain: (.login, .login)
        case .reinitializeModule: (.session, .module)
        default: (.none, .none)
        }
      let height = max(lowest.rawValue, climbed.rawValue + 1)
      guard lowest != .none, height <= highest.rawValue else { return nil }
      self.init(rawValue: height)
    }
  }

  /// Climbs as far as it takes to reach a rung that holds.
  ///
  /// - Returns: what there is to tell when none does: that only a person can help; anything else says less than what the module answered at
  ///   first, but more than what we have found ourselves.
  private func climb(_ climbed: inout Rung, after error: any Error, _ lender: SessionLender) -> (any Error)? {
    var latest = error
    while let rung = Rung(after: latest, above: climbed) {
      climbed = rung
      do {
        try stand(on: rung, after: error, lender)
        return nil
      } catch {
        guard let advising = error as? any RecoveryAdvising, !advising.recovery.isLeftToPeople else { return error }
        latest = error
      }
    }
    return (error as? PKCS11Error)?.returnValue == nil ? latest : error
  }

  private func stand(on rung: Rung, after error: any Error, _ lender: SessionLender) throws {
    let known = lender.known
    switch rung {
    case .none, .again: break
    case .handles: login.forgetHandles(since: known.epoch)
    case .session:
      lender.dropSession()
      tell(.sessionReplaced, "a session with token \(label) is replaced: \(error)")
    case .login:
      try doubtToken(after: error, lender)
      lender.dropSession()
      if try login.renew(since: known) { tell(.loggedInAgain, "logged in to token \(label) again: \(error)") }
    case .module:
      try doubtToken(after: error, lender)
      lender.dropSession()
      // Nothing can be finalized under a call that does not return, and everybody would have to wait for the attempt.
      if hasGivenUpCalls { throw error }
      if try login.reinitialize(since: known) {
        tell(.moduleReinitialized, "the module of token \(label) was initialised anew: \(error)")
      }
    }
  }

  /// Makes sure that a new login or a new initialisation is worth its price: everybody who uses the token pays it. A call that fails again
  /// in a new session, without saying what is broken, on a token that answers as it should, would fail after those as well.
  private func doubtToken(after error: any Error, _ lender: SessionLender) throws {
    guard (error as? any RecoveryAdvising)?.recovery == .newSession else { return }
    let isWell = Result {
      try lender.reading { _ = try $0.isUserLoggedIn() }
      _ = try lender.token.information()
    }
    if case .success = isWell { throw error }
  }

  private func conclude(_ job: PoolJob, _ error: any Error) {
    if Self.blamesToken(error) { report(breaker.failed("\(error)", of: job)) }
    job.fail(error)
  }

  /// Whether an error says that the token or the way to it is broken, and not that something was asked of it that it does not do.
  private static func blamesToken(_ error: any Error) -> Bool {
    guard let error = error as? PKCS11Error else { return false }
    // Some tokens answer so to a template that they do not like.
    let makes = error.function.flatMap(CryptokiFunction.init(name:))?.kind == .makesObject
    if makes, error.returnValue == .generalError || error.returnValue == .functionFailed { return false }
    let recovery = error.recovery
    return error.rule == .tokenPresent || recovery == .newSession || recovery == .reinitializeModule || recovery == .retry
      || recovery == .logInAgain
  }

  private static func isOutOfSessions(_ error: any Error) -> Bool {
    guard let error = error as? PKCS11Error else { return false }
    return error.returnValue == .sessionCount && error.function == CryptokiFunction.C_OpenSession.name
  }
}
