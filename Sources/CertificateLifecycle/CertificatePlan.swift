public import CertificateService
public import X509

/// What is configured for one certificate.
public struct CertificatePlan: Sendable {
  /// The name in the configuration file.
  public let name: String
  /// Whose certificate it is.
  public let customer: Customer
  /// The kind of key to generate, by the name it has in configuration.
  public let algorithm: String
  /// The subject of the request; the service ignores it.
  public let subject: DistinguishedName
  /// Where the current certificate is written for its users, PEM; nil for nowhere. A symbolic link is replaced, not followed.
  public let certificateFile: String?
  /// The consumers that must have accepted a new certificate before an earlier one is retired.
  public let consumers: [CertificateConsumer]

  /// A plan from its parts.
  public init(
    name: String, customer: Customer, algorithm: String, subject: DistinguishedName, certificateFile: String?,
    consumers: [CertificateConsumer] = []
  ) {
    self.name = name
    self.customer = customer
    self.algorithm = algorithm
    self.subject = subject
    self.certificateFile = certificateFile
    self.consumers = consumers
  }
}

/// How long to wait for the service.
public struct LifecycleTiming: Sendable {
  /// From the accepted request to the first question for the certificate.
  public var firstWait: Duration
  /// Between questions.
  public var pollInterval: Duration
  /// What is added to each interval at most: a part of it, chosen by chance, so that many clients do not ask in step.
  public var pollJitter: Duration
  /// From the first question until we stop asking and keep the state for later.
  public var giveUpAfter: Duration

  /// Nobody asks more often than this, whatever is configured.
  static let shortestInterval: Duration = .milliseconds(10)

  /// The defaults are what suits the agency's service: a certificate is there after about a minute.
  ///
  /// - Parameter pollJitter: nil for a tenth of the interval.
  public init(
    firstWait: Duration = .seconds(30), pollInterval: Duration = .seconds(45), pollJitter: Duration? = nil,
    giveUpAfter: Duration = .seconds(600)
  ) {
    self.firstWait = firstWait
    self.pollInterval = pollInterval
    self.pollJitter = pollJitter ?? pollInterval / 10
    self.giveUpAfter = giveUpAfter
  }
}

/// What happens while the lifecycle works, for people to follow.
public struct LifecycleEvent: Sendable, CustomStringConvertible {
  /// The certificate's name.
  public let name: String
  /// What happens, in a few words.
  public let description: String
}
