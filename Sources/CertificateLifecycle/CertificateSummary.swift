public import Foundation

/// One certificate at a glance, read from the columns of the state file: cheap for ten thousand of them.
public struct CertificateSummary: Sendable, Hashable {
  /// The name in the configuration file.
  public let name: String
  /// Whose certificate it is.
  public let customerID: String
  /// `test` or `production`; nil in states of the first version, until the next operation.
  public let environment: String?
  /// Where it stands at the time that was asked about.
  public let state: LifecycleState
  /// From when the certificate in use is valid.
  public let notBefore: Date?
  /// Until when.
  public let notAfter: Date?
  /// Its serial number in hexadecimal, two lower-case digits an octet.
  public let serial: String?
  /// From when on it can be renewed.
  public let windowOpens: Date?
  /// From when on a timer renews it, or goes on with its renewal.
  public let dueAt: Date?
  /// Whether a renewal was sent, or may have been, that is not in use yet.
  public let renewalIsUnderWay: Bool
  /// What is pending.
  public let pendingKind: PendingOperation.Kind?
  /// Whether the program that hears of a change has not ended well yet.
  public let hookPending: Bool
  /// The codes of a signed FAIL after which nothing came; nil where there was none, empty where it gave no code.
  public let refusalCodes: [String]?
  /// How many earlier certificates are not retired.
  public let previousCount: Int
  /// When the record was last changed.
  public let changedAt: Date?
  /// What a person does next: a sentence or a command.
  public let nextStep: String

  init(
    _ standing: CertificateStanding, customerID: String, environment: String?, changedAt: Date?, at time: Date, schedule: RenewalSchedule
  ) {
    name = standing.name
    self.customerID = customerID
    self.environment = environment
    self.changedAt = changedAt
    state = standing.state(at: time)
    notBefore = standing.notBefore
    notAfter = standing.notAfter
    serial = standing.serial
    windowOpens = standing.window?.opens
    dueAt = standing.due(schedule)
    renewalIsUnderWay = standing.renewalIsUnderWay
    pendingKind = standing.kind
    hookPending = standing.hookPending
    refusalCodes = standing.refusalCodes
    previousCount = standing.previousCount
    nextStep = standing.nextStep(at: time)
  }

  /// Whether a timer works on it now. It goes on with what was sent whatever the clock says: that may have been wrong when it was begun.
  public func isDue(at time: Date) -> Bool { renewalIsUnderWay || dueAt.map { time >= $0 } ?? false }

  /// The summary of one record.
  ///
  /// - Parameter schedule: how renewals are spread.
  public init(_ record: CertificateRecord, at time: Date, schedule: RenewalSchedule = .init()) {
    self.init(
      CertificateStanding(record), customerID: record.customerID, environment: record.environment, changedAt: nil, at: time,
      schedule: schedule)
  }
}
