public import KeyEvidence
public import PKCS11
public import TokenKeys
public import X509

/// What the process that a ceremony runs in provides for it: modules, the memory of refused PINs, limits, and its own words for errors.
public struct CeremonySurroundings: Sendable {
  /// An error in three words for the transcript.
  public struct Trouble: Sendable, Hashable {
    /// What kind of failure it is.
    public let code: String
    /// The rule that refused, where one did.
    public let rule: String?
    /// One sentence.
    public let message: String

    /// An error in the caller's words; nothing secret may be in them.
    public init(code: String, rule: String?, message: String) {
      self.code = code
      self.rule = rule
      self.message = message
    }
  }

  /// Loads and initialises the module at an absolute path when its SHA-256 is this one. Whoever gives this finalizes the module.
  public var loadModule: @Sendable (_ path: String, _ sha256: [UInt8]) async throws -> Module
  /// Is told of each login, so that it can be ended when the process ends early.
  public var didLogIn: @Sendable (TokenKeys) -> Void
  /// Where refused PINs are remembered.
  public var pinMemory: PINMemory
  /// How sessions behave, and how long calls may take.
  public var sessions: SessionPool.Configuration
  /// The program that performs: its version and digest stand in the transcript.
  public var tool: KeyProof.Tool
  /// Reads a subject as `hsmkey csr --subject` does.
  public var subject: @Sendable (String) throws -> DistinguishedName
  /// An error as the transcript tells it.
  public var explain: @Sendable (any Error) -> Trouble

  /// Everything has to be given: nothing of a process is assumed.
  public init(
    loadModule: @escaping @Sendable (_ path: String, _ sha256: [UInt8]) async throws -> Module,
    didLogIn: @escaping @Sendable (TokenKeys) -> Void, pinMemory: PINMemory, sessions: SessionPool.Configuration, tool: KeyProof.Tool,
    subject: @escaping @Sendable (String) throws -> DistinguishedName, explain: @escaping @Sendable (any Error) -> Trouble
  ) {
    self.loadModule = loadModule
    self.didLogIn = didLogIn
    self.pinMemory = pinMemory
    self.sessions = sessions
    self.tool = tool
    self.subject = subject
    self.explain = explain
  }
}
