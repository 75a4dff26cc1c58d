/// A named rule about the life of a certificate.
public struct LifecycleRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ name: String) { rawValue = name }

  /// A certificate is renewed only within the 60 days before it expires.
  public static let window = LifecycleRule("LIFECYCLE-WINDOW")
  /// An expired certificate cannot be renewed; a new one must be ordered.
  public static let expired = LifecycleRule("LIFECYCLE-EXPIRED")
  /// A name that already has a valid certificate is renewed, not enrolled again.
  public static let alreadyEnrolled = LifecycleRule("LIFECYCLE-ALREADY-ENROLLED")
  /// One operation at a time on one certificate: what is pending is finished first.
  public static let onePending = LifecycleRule("LIFECYCLE-ONE-PENDING")
  /// A request that may have reached the service is never sent again by itself.
  public static let notRepeated = LifecycleRule("LIFECYCLE-NOT-REPEATED")
  /// One process at a time changes the state of a certificate.
  public static let oneWriter = LifecycleRule("LIFECYCLE-ONE-WRITER")
  /// The state file belongs to the user who runs the tool, nobody else can open it, and nobody else can change the folder it is in.
  public static let ownerOnly = LifecycleRule("LIFECYCLE-OWNER-ONLY")
  /// A certificate keeps the customer that it was first requested for.
  public static let sameCustomer = LifecycleRule("LIFECYCLE-SAME-CUSTOMER")
  /// A certificate stays in the environment of the service that it was first requested from: test and production never mix.
  public static let sameEnvironment = LifecycleRule("LIFECYCLE-SAME-ENVIRONMENT")
  /// An earlier certificate is retired only when consumers are configured, each of them has accepted the one in use at its address, and
  /// each that has a file or a program of its own has been cut over to it.
  public static let provedFirst = LifecycleRule("LIFECYCLE-PROVED-FIRST")
  /// The certificate in use is not retired.
  public static let activeKept = LifecycleRule("LIFECYCLE-ACTIVE-KEPT")
  /// The history is only added to: each entry has the hash of the one before, and each record is the one its last entry was written with,
  /// as is what stands beside the record.
  public static let historyChain = LifecycleRule("LIFECYCLE-HISTORY-CHAIN")
  /// A certificate's state changes only as the table of the life cycle has it.
  public static let transition = LifecycleRule("LIFECYCLE-TRANSITION")

  public static let allCases: [LifecycleRule] = [
    .window, .expired, .alreadyEnrolled, .onePending, .notRepeated, .oneWriter, .ownerOnly, .sameCustomer, .sameEnvironment,
    .provedFirst, .activeKept, .historyChain, .transition,
  ]

  public var description: String { rawValue }
}
