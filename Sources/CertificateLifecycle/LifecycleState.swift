/// Where a certificate stands between an order and its end. The whole machine is ``LifecycleMachine``.
public struct LifecycleState: RawRepresentable, Hashable, Sendable, Codable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ name: String) { rawValue = name }

  /// There is no certificate under this name, and none has been begun.
  public static let nothing = LifecycleState("none")
  /// The new key has a name and is about to be generated.
  public static let planned = LifecycleState("planned")
  /// The new key is on the token; its identifier is known.
  public static let keyMade = LifecycleState("key-made")
  /// The certificate request is made and signed; nothing has left.
  public static let requestMade = LifecycleState("request-made")
  /// The request is about to leave. Where no run is under way its outcome is not known: a run that finds it goes on from *uncertain*.
  public static let aboutToSend = LifecycleState("about-to-send")
  /// The request has left and its answer is awaited. Only the run that waits knows it: on disk it is *about-to-send*.
  public static let sent = LifecycleState("sent")
  /// The service has taken the request and given the id with which the certificate is fetched.
  public static let retrievalIDKnown = LifecycleState("retrieval-id-known")
  /// A certificate has come in an answer that verified; nothing about the certificate has been checked.
  public static let received = LifecycleState("received")
  /// The certificate has passed every check and is about to be stored beside its key.
  public static let checked = LifecycleState("checked")
  /// The certificate is on the token and the one in use; the file for its users is about to be written.
  public static let stored = LifecycleState("stored")
  /// The certificate is in use, and the only one.
  public static let active = LifecycleState("active")
  /// The certificate is in use; an earlier one and its key are still there, until the new one is proved and the earlier one retired.
  public static let overlap = LifecycleState("overlap")
  /// An earlier certificate whose key has been destroyed.
  public static let retired = LifecycleState("retired")
  /// The request may have been carried out, and no trustworthy answer is known.
  public static let uncertain = LifecycleState("uncertain")
  /// The service said no, in an answer that it signed; its codes are kept.
  public static let refused = LifecycleState("refused")
  /// The certificate has expired: only a new order helps.
  public static let expired = LifecycleState("expired")

  public static let allCases: [LifecycleState] = [
    .nothing, .planned, .keyMade, .requestMade, .aboutToSend, .sent, .retrievalIDKnown, .received, .checked, .stored, .active, .overlap,
    .retired, .uncertain, .refused, .expired,
  ]

  public var description: String { rawValue }
}
