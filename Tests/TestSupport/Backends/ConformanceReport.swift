/// What `conformance-probe` is told: where the token is and how to log in.
public struct ConformanceSettings: Codable, Sendable {
  /// The module's file.
  public let module: String
  /// What the module wants to be told when it is initialised; only NSS does.
  public let initializationString: String?
  /// The label of the token.
  public let token: String
  /// A file with the user PIN.
  public let pinFile: String
  /// A PIN of a length that the token takes, and which is not the user's.
  public let wrongPIN: String
  /// The name of the policy that is meant for tokens of this make, where they do not meet the usual one.
  public let policy: String?
  /// The rules that are waived for tokens of this make, with the reason.
  public let waivers: [String: String]?

  public init(
    module: String, initializationString: String? = nil, token: String, pinFile: String, wrongPIN: String = "7654321",
    policy: String? = nil, waivers: [String: String]? = nil
  ) {
    self.module = module
    self.initializationString = initializationString
    self.token = token
    self.pinFile = pinFile
    self.wrongPIN = wrongPIN
    self.policy = policy
    self.waivers = waivers
  }
}

/// What one check has found.
public struct CheckResult: Codable, Sendable, Hashable {
  /// How a check has ended.
  public enum Outcome: String, Codable, Sendable {
    /// The token does what the standard says and our policy wants.
    case passed
    /// Something is wrong, with the token or with us.
    case failed
    /// The token lacks what the check needs; ``CheckResult/missing`` or ``CheckResult/because`` says what.
    case skipped
    /// The token does something that our policy refuses, or that it promised to do and does not; ``CheckResult/rule`` names it.
    case finding
  }

  public let name: String
  public let outcome: Outcome
  /// What was seen, in a few words that are the same in each run.
  public let detail: String?
  /// The rule or the return value that a finding is about.
  public let rule: String?
  /// For a skipped check: what it needs and the token does not offer, as `CKM_AES_KEY_WRAP (wrap)`.
  public let missing: [String]?
  /// For a skipped check: another check of the same run, which did not pass and would have made what this one needs.
  public let because: String?

  public init(
    _ name: String, _ outcome: Outcome, detail: String? = nil, rule: String? = nil, missing: [String]? = nil, because: String? = nil
  ) {
    self.name = name
    self.outcome = outcome
    self.detail = detail
    self.rule = rule
    self.missing = missing
    self.because = because
  }
}

/// What a module and its token say of themselves, as far as it is the same in each run.
public struct BackendFacts: Codable, Sendable, Hashable {
  public let library: String
  public let libraryVersion: String
  public let manufacturer: String
  public let cryptokiVersion: String
  public let interfaceVersion: String
  public let usesGetInterface: Bool
  public let model: String
  public let firmwareVersion: String
  public let pinLength: String
  public let maximumSessions: String
  public let maximumReadWriteSessions: String
  /// The name of the dialect that the library takes the token's for.
  public let dialect: String

  public init(
    library: String, libraryVersion: String, manufacturer: String, cryptokiVersion: String, interfaceVersion: String,
    usesGetInterface: Bool, model: String, firmwareVersion: String, pinLength: String, maximumSessions: String,
    maximumReadWriteSessions: String, dialect: String
  ) {
    self.library = library
    self.libraryVersion = libraryVersion
    self.manufacturer = manufacturer
    self.cryptokiVersion = cryptokiVersion
    self.interfaceVersion = interfaceVersion
    self.usesGetInterface = usesGetInterface
    self.model = model
    self.firmwareVersion = firmwareVersion
    self.pinLength = pinLength
    self.maximumSessions = maximumSessions
    self.maximumReadWriteSessions = maximumReadWriteSessions
    self.dialect = dialect
  }
}

/// One line of `conformance-probe`'s output: facts, mechanisms, or the result of one check.
public struct ConformanceLine: Codable, Sendable {
  public let facts: BackendFacts?
  public let mechanisms: [String: [String]]?
  public let check: CheckResult?

  public init(facts: BackendFacts? = nil, mechanisms: [String: [String]]? = nil, check: CheckResult? = nil) {
    self.facts = facts
    self.mechanisms = mechanisms
    self.check = check
  }
}

/// All that one run has found about one backend.
public struct ConformanceReport: Codable, Sendable, Hashable {
  public var facts: BackendFacts?
  /// The mechanisms that the token lists, and what each can be used for.
  public var mechanisms: [String: [String]]
  public var checks: [CheckResult]

  public init(facts: BackendFacts? = nil, mechanisms: [String: [String]] = [:], checks: [CheckResult] = []) {
    self.facts = facts
    self.mechanisms = mechanisms
    self.checks = checks
  }

  /// Takes in one line of output.
  public mutating func add(_ line: ConformanceLine) {
    if let facts = line.facts { self.facts = facts }
    if let mechanisms = line.mechanisms { self.mechanisms = mechanisms }
    if let check = line.check { checks.append(check) }
  }
}
