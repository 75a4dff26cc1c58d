extension PoolCore {
  /// Does a piece of work, and what is needed so that it, or the next, may succeed: the recovery ladder.
  ///
  /// Its rungs, from cheap to dear: the same call again; a new session; a new login; the module initialised anew. Each is tried once. Work
  /// that may not be done twice is not repeated, but what it left broken is mended for the next.
  func perform(_ job: PoolJob, _ lender: SessionLender, on worker: PoolWorker) {
    guard !job.isConcluded else { return }
    worker.monitor.reset()
    lender.begin()
    let gate = lender.token.module.cryptoki.gate
    gate.enter()
    defer { gate.leave() }
    var climbed = Rung.none
    while true {
      do {
        try lender.refresh()
        try job.attempt(lender)
        if !job.isConcluded { report(breaker.succeeded()) }
        job.conclude()
        return
      } catch {
        if Self.isOutOfSessions(error), retire(worker, returning: job) { return }
        // Nobody waits any more; the session is not trusted either.
        guard !job.isConcluded else { return lender.dropSession() }
        guard let rung = Rung(after: error, above: climbed) else { return conclude(job, error) }
        do {
          try climb(rung, after: error, lender)
        } catch let obstacle {
          // That only a person can help now is said; anything else says less than what was wrong at first.
          let isLeftToPeople = (obstacle as? any RecoveryAdvising)?.recovery.isLeftToPeople ?? true
          return conclude(job, isLeftToPeople ? obstacle : error)
        }
        guard job.isRepeatable || !lender.hasWritten else { return conclude(job, error) }
        climbed = rung
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

  private func climb(_ rung: Rung, after error: any Error, _ lender: SessionLender) throws {
    let epoch = lender.loginEpoch
    switch rung {
    case .none, .again: break
    case .handles: login.forgetHandles(since: epoch)
    case .session:
      lender.dropSession()
      tell(.sessionReplaced, "a session with token \(label) is replaced: \(error)")
    case .login:
      lender.dropSession()
      if try login.renew(since: epoch) { tell(.loggedInAgain, "logged in to token \(label) again: \(error)") }
    case .module:
      lender.dropSession()
      if try login.reinitialize(since: epoch) {
        tell(.moduleReinitialized, "the module of token \(label) was initialised anew: \(error)")
      }
    }
  }

  private func conclude(_ job: PoolJob, _ error: any Error) {
    if Self.blamesToken(error) { report(breaker.failed("\(error)")) } else { breaker.learnedNothing() }
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
