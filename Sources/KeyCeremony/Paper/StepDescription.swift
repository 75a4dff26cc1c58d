import TokenKeys

/// A step in plain words: what is done, and what is seen when it went well.
///
/// The script on paper, the transcript on paper and the terminal all take their words from here, so that they cannot disagree. Texts of the
/// plan stand in it as they are: whoever shows them escapes them.
public struct StepDescription: Sendable, Hashable {
  /// A heading of a few words: `Generate a key`.
  public let title: String
  /// What is done, in a sentence or two.
  public let action: String
  /// What is seen when it went well.
  public let expected: String

  init(_ title: String, _ action: String, _ expected: String) {
    self.title = title
    self.action = action
    self.expected = expected
  }

  /// The description of a step of a plan.
  public init(_ step: PlanStep, in plan: CeremonyPlan) {
    let words = PlanWords(plan)
    switch step.action {
    case .checkToken, .initialiseToken, .setPIN: self = words.tokenStep(step.action)
    case .sharePIN(let pin): self = words.sharing(pin)
    case .combinePIN(let pin): self = words.combining(pin)
    case .generateKey, .proveKey, .makeRequest, .signFile, .destroyKey, .verifyCopy: self = words.keyStep(step.action)
    case .enrolCertificate, .renewCertificate, .importCertificate: self = words.certificateStep(step.action)
    case .human(let text, let records):
      let asked = records.isEmpty ? "It is confirmed" : "It is noted: " + records.map(\.question).joined(separator: "; ")
      self.init("By hand", text, asked + (asked.hasSuffix("?") ? "" : "."))
    case .readAloud(let subject, let reader, let listener, let count):
      self.init(
        "Read aloud",
        "\(words.person(reader)) reads \(count == 32 ? "all" : "the asked") \(count) words of the digest of \(words.subject(subject)) "
          + "aloud; \(words.person(listener)) types them.",
        "The words are those of the digest.")
    case .gate(let text, let participants):
      self.init("Gate", text, "\(words.acknowledgements(participants)). Without each of them nothing goes on.")
    }
  }
}

/// Names of a plan in plain words.
struct PlanWords {
  private let plan: CeremonyPlan

  init(_ plan: CeremonyPlan) { self.plan = plan }

  /// A participant's own name.
  func person(_ id: String) -> String { plan.participant(id)?.name ?? id }

  func people(_ ids: [String]) -> String { Self.list(ids.map(person)) }

  /// `the token main (label "payroll")`
  func token(_ id: String) -> String { "token \(id)" + (plan.token(id).map { " (label \"\($0.label)\")" } ?? "") }

  func file(_ output: String) -> String { plan.output(output)?.file ?? output }

  func input(_ id: String) -> String { "the input \(id)" + (plan.input(id).map { " (\($0.description))" } ?? "") }

  /// Who acknowledges how, those together who do it in the same way.
  func acknowledgements(_ ids: [String]) -> String {
    var byWords: [String] = []
    var byPIN: [String] = []
    var byKey: [String] = []
    for id in ids {
      switch plan.participant(id)?.acknowledgement {
      case .pin: byPIN.append(person(id))
      case .key: byKey.append(person(id))
      case .words, nil: byWords.append(person(id))
      }
    }
    let ways: [([String], one: String, several: String)] = [
      (byWords, "types words of the digest", "type words of the digest"),
      (byPIN, "types the PIN chosen at the beginning", "type the PINs chosen at the beginning"),
      (byKey, "signs with the own key", "sign with their own keys"),
    ]
    return ways.filter { !$0.0.isEmpty }.map { "\(Self.list($0.0)) \($0.0.count == 1 ? $0.one : $0.several)" }.joined(separator: "; ")
  }

  func subject(_ subject: StepAction.ReadAloudSubject) -> String {
    switch subject {
    case .plan: "the plan"
    case .output(let output): "the file \(file(output))"
    case .key(let key): "the public key of \(key.name) on \(token(key.token))"
    }
  }

  /// `a`, `a and b`, `a, b and c`
  static func list(_ names: [String]) -> String {
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }
}

// MARK: Actions

extension PlanWords {
  fileprivate func tokenStep(_ action: StepAction) -> StepDescription {
    switch action {
    case .checkToken(let name, .blank):
      StepDescription(
        "Look at a token", "Look at \(token(name)): its module, its state, what it offers.",
        "The module's file is the one that was named, and the token is blank.")
    case .checkToken(let name, .initialised):
      StepDescription(
        "Look at a token", "Look at \(token(name)): its module, its serial number, its state, its PINs, what it offers.",
        "The module's file and the token are those that were named; it has its label and a user PIN, and no PIN is in danger.")
    case .initialiseToken(let name):
      StepDescription(
        "Initialise a token", "Initialise the blank \(token(name)); \(pins(of: name)).",
        "The token has its label and both PINs, and tells its serial number, which is noted.")
    case .setPIN(let name, let owner, let new):
      StepDescription(
        "Set a PIN", "Set the \(owner == .user ? "user" : "security officer") PIN of \(token(name)) anew: from here on it is \(new).",
        "The token takes the new PIN.")
    default: StepDescription(action.name, "", "")
    }
  }

  private func pins(of name: String) -> String {
    guard let token = plan.token(name) else { return "with its PINs" }
    return "the user PIN is \(token.userPIN)" + (token.securityOfficerPIN.map { ", the security officer's \($0)" } ?? "")
  }

  fileprivate func sharing(_ name: String) -> StepDescription {
    guard case .shared(let threshold, let custodians, let length, let alphabet) = plan.pin(name)?.origin else {
      return StepDescription("Share a PIN", "Share the PIN \(name).", "Each custodian has a share.")
    }
    let kind = alphabet == .digits ? "digits" : "letters and digits"
    return StepDescription(
      "Share a PIN",
      "Generate the PIN \(name) (\(length) \(kind)) and give a share of it to each of \(people(custodians)). "
        + "Only the custodian looks at a share.",
      "Each custodian has a card and has typed its share back from it. Any \(threshold) of the \(custodians.count) cards give the PIN.")
  }

  fileprivate func combining(_ name: String) -> StepDescription {
    guard case .shared(let threshold, let custodians, _, _) = plan.pin(name)?.origin else {
      return StepDescription("Combine a PIN", "Combine the PIN \(name) from its shares.", "The shares are genuine.")
    }
    return StepDescription(
      "Combine a PIN", "Combine the PIN \(name) from the shares of \(threshold) of its custodians: \(people(custodians)).",
      "The shares are genuine and of one set. The PIN is shown to nobody and forgotten at the end.")
  }

  fileprivate func keyStep(_ action: StepAction) -> StepDescription {
    switch action {
    case .generateKey(let key, let algorithm, let policy):
      StepDescription(
        "Generate a key", "Generate the key \(key.name) on \(token(key.token)): \(algorithm), policy \(policy.name).",
        "The key was made on the token, meets its policy and signs; the digest of its public key is noted.")
    case .proveKey(let key, let output):
      StepDescription(
        "Prove a key", "Prove \(choice(key)): write its evidence to the file \(file(output)).", "The file is written, and verifies.")
    case .makeRequest(let key, let subject, let output):
      StepDescription(
        "Make a certificate request",
        "Make a certificate request for the key \(key.name) on \(token(key.token)), subject \(subject), in the file \(file(output)).",
        "The file is written, and its signature verifies.")
    case .signFile(let key, let input, let hash, let output):
      StepDescription(
        "Sign a file",
        "Sign \(self.input(input)) by \(hash) with the key \(key.name) on \(token(key.token)); the signature is the file \(file(output)).",
        "The input is the file that was named, the signature is written, and verifies.")
    case .destroyKey(let key, let evenIfCertified):
      StepDescription(
        "Destroy a key",
        "Destroy the key \(key.name) on \(token(key.token))" + (evenIfCertified ? ", although there is a certificate for it." : "."),
        "The key is no longer on the token. It cannot be had back.")
    case .verifyCopy(let key, let second):
      StepDescription(
        "Verify a copy", "Hold the key \(key.name) on \(token(key.token)) against the one on \(token(second)).",
        "The second token is another one, and holds the same key under the same policy.")
    default: StepDescription(action.name, "", "")
    }
  }

  private func choice(_ key: StepAction.KeyChoice) -> String {
    switch key {
    case .key(let key): "the key \(key.name) on \(token(key.token))"
    case .certificate(let token, let name): "the key of the certificate \(name) on \(self.token(token))"
    }
  }

  fileprivate func certificateStep(_ action: StepAction) -> StepDescription {
    switch action {
    case .enrolCertificate(let enrolment):
      StepDescription(
        "Get the first certificate",
        "Get the first certificate \(enrolment.certificate) for \(enrolment.customerName) (customer \(enrolment.customerID)), "
          + "with the order \(enrolment.order) and a new key on \(token(enrolment.token)).",
        "The certificate is there, belongs to the new key and was issued to the customer" + written(enrolment.output))
    case .renewCertificate(let name, let certificate, let output):
      StepDescription(
        "Renew a certificate", "Renew the certificate \(certificate) with a new key on \(token(name)).",
        "The new certificate is there and belongs to the new key" + written(output))
    case .importCertificate(let key, let input):
      StepDescription(
        "Import a certificate", "Store the certificate of \(self.input(input)) beside the key \(key.name) on \(token(key.token)).",
        "The certificate belongs to the key, and is on the token.")
    default: StepDescription(action.name, "", "")
    }
  }

  private func written(_ output: String?) -> String { output.map { "; it is written to the file \(file($0))." } ?? "." }
}
