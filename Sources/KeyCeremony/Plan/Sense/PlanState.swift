import TokenKeys

/// What a step of a plan finds: tokens, PINs, keys, certificates and files, as far as the plan tells.
struct PlanState {
  /// Tokens that are blank.
  var blank: Set<String>
  /// The steps that have initialised a token.
  var initialisedBy: [String: String] = [:]
  /// Tokens that a step has looked at or worked with as initialised ones, and the step.
  var usedBy: [String: String] = [:]
  /// The PIN, by name, that each token has for its user now.
  var userPINs: [String: String]
  /// The PIN, by name, that each token has for its security officer now.
  var securityOfficerPINs: [String: String]
  /// Shared PINs that are together in this run.
  var together: Set<String> = []
  /// Shared PINs that were generated in this run, and the step.
  var sharedBy: [String: String] = [:]
  /// The keys that are there, and what they are.
  var keys: [PlanKey: KeyAlgorithm]
  /// Keys that are gone, and the step.
  var destroyed: [PlanKey: String] = [:]
  /// Keys with a certificate from this ceremony, and the step that put it there.
  var certified: [PlanKey: String] = [:]
  /// The certificates that are in use, and their tokens.
  var certificates: [String: String]
  /// Outputs that are written.
  var written: Set<String> = []

  init(_ draft: PlanDraft) {
    // A token is blank at first when a step initialises it, or when the first look at it expects that.
    var firstLook: [String: StepAction.TokenState] = [:]
    var blank: Set<String> = []
    for step in draft.steps {
      switch step.action {
      case .checkToken(let token, let state) where firstLook[token] == nil: firstLook[token] = state
      case .initialiseToken(let token): blank.insert(token)
      default: continue
      }
    }
    self.blank = blank.union(firstLook.filter { $0.value == .blank }.keys)
    userPINs = draft.tokens.reduce(into: [:]) { $0[$1.id] = $1.userPIN }
    securityOfficerPINs = draft.tokens.reduce(into: [:]) { $0[$1.id] = $1.securityOfficerPIN }
    keys = draft.before.keys.reduce(into: [:]) { $0[$1.key] = $1.algorithm }
    certificates = draft.before.enrolled.reduce(into: [:]) { $0[$1.certificate] = $1.token }
  }
}
