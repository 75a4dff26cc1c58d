public import Secrets

/// Where a plan is performed: modules, serial numbers, sources of PINs, folders. Everything that differs between two machines.
public struct SiteBinding: Sendable, Hashable {
  /// The first line of every site file: `format: hsmkey-ceremony-site/1`.
  public static let format = "hsmkey-ceremony-site/1"
  /// The largest site file, in bytes.
  public static let maximumSize = 64 << 10

  /// One token of the plan as it is here.
  public struct Token: Sendable, Hashable {
    /// The module's file, an absolute path.
    public let module: String
    /// The module's SHA-256 in hexadecimal.
    public let moduleSHA256: String
    /// The token's serial number; nil for one that is blank and gets its serial number when it is initialised (`serial: blank`).
    public let serial: String?

    package init(module: String, moduleSHA256: String, serial: String?) {
      self.module = module
      self.moduleSHA256 = moduleSHA256
      self.serial = serial
    }
  }

  /// The key that a participant signs with.
  public struct ParticipantKey: Sendable, Hashable {
    /// The person's own token.
    public let token: Token
    /// The key's name on that token.
    public let key: String
    /// Where that token's PIN comes from.
    public let pin: SecretSource

    package init(token: Token, key: String, pin: SecretSource) {
      self.token = token
      self.key = key
      self.pin = pin
    }
  }

  /// Transfer id and password of an order of the certificate service.
  public struct Order: Sendable, Hashable {
    /// The transfer id, as the service has written it to the customer.
    public let transferID: String
    /// Where its password comes from.
    public let transferPassword: SecretSource

    package init(transferID: String, transferPassword: SecretSource) {
      self.transferID = transferID
      self.transferPassword = transferPassword
    }
  }

  /// A new or empty folder for everything that the ceremony writes; an absolute path. It is made, owner-only.
  public let outputFolder: String
  /// Where share cards are put until their custodians have them; an absolute path, not in the output folder. Nil where they are shown on
  /// the terminal only.
  public let shareCardFolder: String?
  /// The tool's configuration, for steps that talk to the certificate service; an absolute path.
  public let configuration: String?
  /// By the token's name in the plan.
  public let tokens: [String: Token]
  /// By the PIN's name in the plan; those of origin `site`.
  public let pins: [String: SecretSource]
  /// Absolute paths, by the input's name in the plan.
  public let inputs: [String: String]
  /// By the order's name in the plan.
  public let orders: [String: Order]
  /// By the participant's name in the plan; those who acknowledge with a key.
  public let participantKeys: [String: ParticipantKey]
  /// The SHA-256 of the file.
  public let sha256: [UInt8]

  package init(
    outputFolder: String, shareCardFolder: String?, configuration: String?, tokens: [String: Token], pins: [String: SecretSource],
    inputs: [String: String], orders: [String: Order], participantKeys: [String: ParticipantKey], sha256: [UInt8]
  ) {
    self.outputFolder = outputFolder
    self.shareCardFolder = shareCardFolder
    self.configuration = configuration
    self.tokens = tokens
    self.pins = pins
    self.inputs = inputs
    self.orders = orders
    self.participantKeys = participantKeys
    self.sha256 = sha256
  }
}
