public import TokenKeys

/// One step of a plan.
public struct PlanStep: Sendable, Hashable {
  /// The name in the plan, unique among the steps.
  public let id: String
  /// Who does it, by name.
  public let actor: String
  /// What the script says besides what the action says by itself.
  public let note: String?
  /// What is done.
  public let action: StepAction
  /// The line of the plan where it begins, counted from 1.
  public let line: Int
}

/// What a step does. Tokens, PINs, participants, inputs and outputs are meant by their names in the plan.
public enum StepAction: Sendable, Hashable {
  /// `check-token`: the module is the pinned one, the token is there, in the expected state, its PINs are not in danger, and it offers what
  /// the later steps want.
  case checkToken(token: String, expects: TokenState)
  /// `initialise-token`: label, security officer PIN, user PIN, on a token that is blank.
  case initialiseToken(token: String)
  /// `set-pin`: another PIN, from here on.
  case setPIN(token: String, owner: PINHolder, to: String)
  /// `share-pin`: generate a PIN and hand out its shares.
  case sharePIN(pin: String)
  /// `combine-pin`: have a PIN from the shares that custodians brought.
  case combinePIN(pin: String)
  /// `generate-key`
  case generateKey(PlanKey, algorithm: KeyAlgorithm, policy: KeyPolicy)
  /// `prove-key`: the evidence bundle, as a file.
  case proveKey(KeyChoice, output: String)
  /// `make-request`: a PKCS#10 request, as PEM. The subject is written as `hsmkey csr --subject` takes it.
  case makeRequest(PlanKey, subject: String, output: String)
  /// `enrol-certificate`: a new key and its first certificate from the certificate service.
  case enrolCertificate(Enrolment)
  /// `renew-certificate`
  case renewCertificate(token: String, certificate: String, output: String?)
  /// `import-certificate`: stores a certificate beside its key.
  case importCertificate(PlanKey, input: String)
  /// `sign-file`: a detached signature over a file; `sha256`, `sha384` or `sha512`.
  case signFile(PlanKey, input: String, hash: String, output: String)
  /// `destroy-key`
  case destroyKey(PlanKey, evenIfCertified: Bool)
  /// `verify-copy`: that a second token holds the same key under the same policy.
  case verifyCopy(PlanKey, on: String)
  /// `human`: something that people do, and what they note about it.
  case human(text: String, records: [RecordField])
  /// `read-aloud`: one reads words, another types them.
  case readAloud(of: ReadAloudSubject, reader: String, listener: String, wordCount: Int)
  /// `gate`: everybody who is named acknowledges, or nothing goes on.
  case gate(text: String, participants: [String])

  /// The state that a token is in.
  public enum TokenState: String, Sendable, Hashable, CaseIterable {
    /// Not initialised.
    case blank
    /// Initialised, with the plan's label and a user PIN.
    case initialised
  }

  /// Whose PIN it is.
  public enum PINHolder: String, Sendable, Hashable, CaseIterable {
    case user
    case securityOfficer = "security-officer"
  }

  /// A key by its own name, or the one that a certificate of the configuration has in use.
  public enum KeyChoice: Sendable, Hashable {
    case key(PlanKey)
    case certificate(token: String, name: String)

    /// The token's name in the plan.
    public var token: String {
      switch self {
      case .key(let key): key.token
      case .certificate(let token, _): token
      }
    }
  }

  /// What an enrolment wants.
  public struct Enrolment: Sendable, Hashable {
    /// The token's name in the plan.
    public let token: String
    /// The certificate's name in the configuration.
    public let certificate: String
    /// The customer's business id, as the certificate service knows it.
    public let customerID: String
    /// The customer's name.
    public let customerName: String
    /// The order, by name, whose transfer id and password the site gives.
    public let order: String
    /// The certificate as PEM, as a file.
    public let output: String?

    package init(token: String, certificate: String, customerID: String, customerName: String, order: String, output: String?) {
      self.token = token
      self.certificate = certificate
      self.customerID = customerID
      self.customerName = customerName
      self.order = order
      self.output = output
    }
  }

  /// Something that people write down: a bag's number, a seal's.
  public struct RecordField: Sendable, Hashable {
    /// The name in the transcript.
    public let id: String
    /// What is asked.
    public let question: String
  }

  /// What is read aloud.
  public enum ReadAloudSubject: Sendable, Hashable {
    /// The digest of the plan.
    case plan
    /// The digest of a file that the ceremony has written.
    case output(String)
    /// The digest of a key's public half (SHA-256 of its SubjectPublicKeyInfo).
    case key(PlanKey)
  }
}

extension StepAction {
  /// The action's name in the plan.
  public var name: String {
    switch self {
    case .checkToken: "check-token"
    case .initialiseToken: "initialise-token"
    case .setPIN: "set-pin"
    case .sharePIN: "share-pin"
    case .combinePIN: "combine-pin"
    case .generateKey: "generate-key"
    case .proveKey: "prove-key"
    case .makeRequest: "make-request"
    case .enrolCertificate: "enrol-certificate"
    case .renewCertificate: "renew-certificate"
    case .importCertificate: "import-certificate"
    case .signFile: "sign-file"
    case .destroyKey: "destroy-key"
    case .verifyCopy: "verify-copy"
    case .human: "human"
    case .readAloud: "read-aloud"
    case .gate: "gate"
    }
  }
}
