import Foundation
import X509

/// The new key and the request.
extension LifecycleRun {
  /// Saves the name of a key that is about to be made: what is on the token and in no record would belong to nobody.
  mutating func nameKey() async throws {
    // Nothing is begun that cannot be signed for.
    if goal == .renew, let active = record.active { _ = try await keyInUse(active) }
    let name = try await freeKeyName()
    freshName = name
    let left = record.pending.flatMap { pending -> LeftKey? in
      guard pending.isUnsent else { return nil }
      let made = pending.algorithm.map { " (\($0))" } ?? ""
      say(
        pending.algorithm.map { $0 != plan.algorithm } ?? false
          ? "the configuration asks for \(plan.algorithm) now: the key \(pending.keyName)\(made) is left unused"
          : "an earlier run left a key named \(pending.keyName) on the token that cannot be used; another name is used")
      return LeftKey(
        name: pending.keyName, identifier: pending.keyIdentifier, reason: LifecycleMachine.Event.keyNamed.rawValue, leftAt: now)
    }
    let kind: PendingOperation.Kind = goal == .renew ? .renewal : .enrolment
    let pending = PendingOperation(kind: kind, keyName: name, startedAt: now)
    try save(
      .keyNamed, detail: ["kind": kind.rawValue, "key": name],
      record: {
        $0.pending = pending
        if let left { $0.leftKeys.append(left) }
      })
  }

  /// The key that the state names: generated now, or by an earlier run that was cut off before it could say so.
  mutating func makeKey() async throws {
    let keyName = try pending().keyName
    let key: LifecycleKey
    if keyName == freshName {
      // Nobody had the name a moment ago, so nothing was left under it; a token is asked as little as can be.
      freshName = nil
      key = try await generateKey(keyName)
    } else if let left = try await lifecycle.keys.keyLeftBehind(named: keyName, algorithm: plan.algorithm) {
      say("uses the key \(keyName), which an earlier run made")
      key = left
    } else if try await lifecycle.keys.isFree(keyName) {
      key = try await generateKey(keyName)
    } else {
      return try await nameKey()
    }
    let algorithm = plan.algorithm
    try save(.keyMade, detail: ["key": keyName, "identifier": key.identifier, "algorithm": plan.algorithm]) {
      $0.keyIdentifier = key.identifier
      $0.algorithm = algorithm
      $0.stage = .keyMade
    }
  }

  private func generateKey(_ name: String) async throws -> LifecycleKey {
    say("generates the key \(name) on the token (\(plan.algorithm))")
    return try await lifecycle.keys.generateKey(named: name, algorithm: plan.algorithm)
  }

  mutating func makeRequest() async throws {
    let key = try await newKey()
    say("makes the certificate request and signs it on the token")
    let request = Data(try await lifecycle.keys.certificateRequest(for: key, subject: plan.subject))
    try save(.requestMade, detail: ["request-sha256": DigestText.hexadecimal(DigestText.bytes(of: request))]) {
      $0.certificateRequest = request
      $0.stage = .requestMade
    }
  }

  /// A renewal that the expiry overtook goes on as an enrolment.
  mutating func turnIntoEnrolment() throws {
    let renewal = try pending()
    let enrolment = renewal.asEnrolment(startedAt: now)
    say("the certificate expired before its renewal was answered: the renewal's key \(renewal.keyName) is used for the new one")
    try save(.turnedIntoEnrolment, detail: ["key": renewal.keyName], record: { $0.pending = enrolment })
  }

  /// The key that the state names, on the token.
  func newKey() async throws -> LifecycleKey {
    guard let identifier = try pending().keyIdentifier else { throw unusable("the state says that a key was made, and does not say which") }
    do {
      return try await lifecycle.keys.key(identifier: identifier)
    } catch {
      say("if the key \(try pending().keyName) is gone for good, drop what is pending with: hsmkey certificate abandon \(plan.name)")
      throw error
    }
  }

  /// `payroll-20261122`, and with a number behind it when that is taken.
  private func freeKeyName() async throws -> String {
    let date = now.formatted(.iso8601.year().month().day().dateSeparator(.omitted))
    for number in 1...99 {
      let candidate = "\(plan.name)-\(date)" + (number == 1 ? "" : "-\(number)")
      if try await lifecycle.keys.isFree(candidate) { return candidate }
    }
    throw LifecycleError(
      .stateUnusable, operation: "name a key for certificate \(plan.name)", message: "99 keys were made for it today already",
      hint: "look at them with: hsmkey key list")
  }
}
