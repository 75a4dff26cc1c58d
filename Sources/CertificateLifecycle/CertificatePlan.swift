public import CertificateService
public import X509

/// What is configured for one certificate.
public struct CertificatePlan: Sendable {
  public let name: String
  public let customer: Customer
  /// The kind of key to generate, by the name it has in configuration.
  public let algorithm: String
  /// The subject of the request; the service ignores it.
  public let subject: DistinguishedName
  /// Where the current certificate is written for its users, PEM; nil for nowhere.
  public let certificateFile: String?

  public init(name: String, customer: Customer, algorithm: String, subject: DistinguishedName, certificateFile: String?) {
    self.name = name
    self.customer = customer
    self.algorithm = algorithm
    self.subject = subject
    self.certificateFile = certificateFile
  }
}

/// How long to wait for the service, and how renewals are signed.
public struct LifecycleTiming: Sendable {
  /// From the accepted request to the first question for the certificate.
  public var firstWait: Duration
  /// Between questions.
  public var pollInterval: Duration
  /// From the first question until we stop asking and keep the state for later.
  public var giveUpAfter: Duration

  public init(firstWait: Duration = .seconds(30), pollInterval: Duration = .seconds(45), giveUpAfter: Duration = .seconds(600)) {
    self.firstWait = firstWait
    self.pollInterval = pollInterval
    self.giveUpAfter = giveUpAfter
  }
}

/// What happens while the lifecycle works, for people to follow.
public struct LifecycleEvent: Sendable, CustomStringConvertible {
  public let name: String
  public let description: String
}
