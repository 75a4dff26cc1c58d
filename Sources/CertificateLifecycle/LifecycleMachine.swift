/// The life of a certificate as a table: which event leads from which state to which, and what must be on disk before which act.
///
/// Nothing here does anything. ``LifecycleDecision`` chooses the next act from it, ``CertificateLifecycle`` performs that act, and every
/// change of the state that is saved must stand in ``transitions``; `docs/lifecycle.md` is made from it.
public struct LifecycleMachine: Sendable {
  private init() {}

  /// Something that happened to a certificate; it stands in the history under this name.
  public struct Event: RawRepresentable, Hashable, Sendable, Codable, CaseIterable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    private init(_ name: String) { rawValue = name }

    /// A name for the new key was chosen.
    public static let keyNamed = Event("key-named")
    /// The new key was generated, or found where an interrupted run had left it.
    public static let keyMade = Event("key-made")
    /// The certificate request was made and signed with the new key.
    public static let requestMade = Event("request-made")
    /// What was begun is made again with what is configured now; nothing had been sent.
    public static let corrected = Event("corrected")
    /// A renewal that came too late goes on as an enrolment, with the same key.
    public static let turnedIntoEnrolment = Event("turned-into-enrolment")
    /// The request is about to leave.
    public static let aboutToSend = Event("about-to-send")
    /// The request left.
    public static let requestLeft = Event("request-left")
    /// Nothing left: the service could not be reached, or the request was not built.
    public static let notSent = Event("not-sent")
    /// The service said no, in a signed answer.
    public static let refused = Event("refused")
    /// No trustworthy answer came, or the run ended before one did.
    public static let outcomeUnknown = Event("outcome-unknown")
    /// The retrieval id came, from the service or from a person whom the agency told it.
    public static let retrievalIDKnown = Event("retrieval-id-known")
    /// A certificate came in an answer that verified.
    public static let received = Event("received")
    /// The certificate broke a rule; it was not kept.
    public static let checkFailed = Event("check-failed")
    /// The certificate passed every check.
    public static let checked = Event("checked")
    /// The certificate was stored beside its key and is the one in use.
    public static let stored = Event("stored")
    /// The file for the certificate's users was written, or none is configured.
    public static let fileWritten = Event("file-written")
    /// The program that hears of a change ended well, or none is configured.
    public static let usersTold = Event("users-told")
    /// A certificate that came another way was checked as one from the service is.
    public static let imported = Event("imported")
    /// A consumer accepted the certificate in a handshake.
    public static let proved = Event("proved")
    /// The key of an earlier certificate is about to be destroyed.
    public static let retirementBegun = Event("retirement-begun")
    /// The key of an earlier certificate is gone.
    public static let retired = Event("retired")
    /// What was pending was dropped.
    public static let abandoned = Event("abandoned")
    /// The certificate's time ran out; nothing is saved for that.
    public static let timeRanOut = Event("time-ran-out")
    /// The record was taken over from a state file of an earlier version.
    public static let takenOver = Event("taken-over")

    public static let allCases: [Event] = [
      .keyNamed, .keyMade, .requestMade, .corrected, .turnedIntoEnrolment, .aboutToSend, .requestLeft, .notSent, .refused,
      .outcomeUnknown, .retrievalIDKnown, .received, .checkFailed, .checked, .stored, .fileWritten, .usersTold, .imported, .proved,
      .retirementBegun, .retired, .abandoned, .timeRanOut, .takenOver,
    ]

    public var description: String { rawValue }
  }

  /// One arrow of the diagram.
  public struct Transition: Hashable, Sendable {
    /// Where the certificate stood.
    public let from: LifecycleState
    /// What happened.
    public let event: Event
    /// Where it stands then.
    public let to: LifecycleState
  }

  /// What the program does, and the state that must be on disk, synced, before it begins. A crash during the act is found as that state.
  public struct Act: Hashable, Sendable {
    /// What is done, in a few words.
    public let name: String
    /// The state that must be on disk.
    public let needsOnDisk: LifecycleState
    /// What the next run does where this one was cut off during the act.
    public let afterCrash: String
  }

  /// States of a certificate in use, or of none: an operation can begin in them, and time alone moves between them.
  static let resting: [LifecycleState] = [.nothing, .active, .overlap, .expired]

  /// States in which a certificate can be in use beside whatever else goes on.
  static let withCertificateInUse: [LifecycleState] = [
    .active, .overlap, .planned, .keyMade, .requestMade, .aboutToSend, .uncertain, .refused, .retrievalIDKnown, .received, .checked,
    .stored,
  ]

  /// Every arrow.
  public static let transitions: [Transition] = [
    rows(resting, .keyNamed, [.planned]),
    rows([.planned], .keyNamed, [.planned]),
    rows([.planned], .keyMade, [.keyMade]),
    rows([.keyMade], .requestMade, [.requestMade]),
    // What is configured has changed, and nothing was sent: other key, other request.
    rows([.keyMade, .requestMade, .refused], .keyNamed, [.planned]),
    rows([.planned, .requestMade, .refused], .corrected, [.planned, .keyMade]),
    rows([.keyMade], .corrected, [.keyMade]),
    // The certificate expired before its renewal left, or with its outcome unknown.
    rows([.expired, .uncertain], .turnedIntoEnrolment, [.planned, .keyMade, .requestMade]),
    // One-use requests.
    rows([.requestMade, .refused, .uncertain], .aboutToSend, [.aboutToSend]),
    rows([.aboutToSend], .requestLeft, [.sent]),
    rows([.aboutToSend], .notSent, [.requestMade, .refused, .uncertain]),
    rows([.sent], .refused, [.refused, .uncertain]),
    rows([.aboutToSend, .sent], .outcomeUnknown, [.uncertain]),
    rows([.sent], .retrievalIDKnown, [.retrievalIDKnown]),
    // A person says the id: also where we think that nothing was done. The checks of what comes say whether it is the right one.
    rows([.requestMade, .retrievalIDKnown, .refused], .retrievalIDKnown, [.retrievalIDKnown]),
    // It is tried; what is uncertain stays so until a certificate has come.
    rows([.uncertain], .retrievalIDKnown, [.uncertain]),
    // The question for the certificate, which can be asked again without harm.
    rows([.retrievalIDKnown, .refused, .uncertain], .received, [.received]),
    rows([.retrievalIDKnown, .refused], .refused, [.refused]),
    rows([.received, .checked], .checkFailed, [.retrievalIDKnown, .uncertain]),
    rows([.received], .checked, [.checked]),
    // An import that lay there since it was checked; there is nobody to ask again.
    rows([.checked], .checkFailed, resting),
    // The installation.
    rows([.checked], .stored, [.stored]),
    rows([.stored], .fileWritten, [.active, .overlap, .expired]),
    rows([.active, .overlap, .expired], .usersTold, [.active, .overlap, .expired], isLoop: true),
    rows(resting, .imported, [.checked]),
    // The end of the overlap.
    // Also while the next certificate is on its way, which may take days.
    rows(withCertificateInUse, .proved, withCertificateInUse, isLoop: true),
    rows([.overlap], .retirementBegun, [.overlap]),
    // The name is in use as before; the earlier certificate is *retired*.
    rows([.overlap], .retired, [.active, .overlap, .retired]),
    rows(
      [.planned, .keyMade, .requestMade, .refused, .aboutToSend, .uncertain, .retrievalIDKnown, .received, .checked, .expired], .abandoned,
      [.nothing, .active, .overlap, .expired]),
    // A renewal that has not been sent when its time is out cannot go on.
    rows([.active, .overlap, .planned, .keyMade, .requestMade, .refused], .timeRanOut, [.expired]),
  ].flatMap(\.self)

  /// What must be on disk before which act.
  public static let acts: [Act] = [generateKey, makeRequest, send, ask, check, store, writeFile, tellUsers, destroyKey]

  static let generateKey = Act(
    name: "generate the new key", needsOnDisk: .planned,
    afterCrash:
      "looks for a key of the planned name and checks it; makes one where there is none; takes another name where half of one is there")
  static let makeRequest = Act(
    name: "make the request and sign it with the new key", needsOnDisk: .keyMade, afterCrash: "makes it again with the same key")
  static let send = Act(
    name: "send SignNewCertificate or RenewCertificate", needsOnDisk: .aboutToSend,
    afterCrash: "goes on from *uncertain*: nothing is sent again by itself, unless `service.uncertain-renewal: repeat` says so for renewals"
  )
  static let ask = Act(name: "ask for the certificate", needsOnDisk: .retrievalIDKnown, afterCrash: "asks again")
  static let check = Act(name: "check the certificate", needsOnDisk: .received, afterCrash: "checks it again")
  static let store = Act(
    name: "store the certificate beside its key", needsOnDisk: .checked,
    afterCrash: "checks it again, since time has passed, and stores it again, which changes nothing where it is")
  static let writeFile = Act(name: "write the file for its users", needsOnDisk: .stored, afterCrash: "writes it again")
  static let tellUsers = Act(
    name: "run the after-change program", needsOnDisk: .active, afterCrash: "runs it again: it hears of each change at least once")
  static let destroyKey = Act(
    name: "destroy an earlier certificate's key", needsOnDisk: .overlap,
    afterCrash: "`certificate retire` with the same serial number goes on; that the key is gone already is fine")

  /// Whether the table has this arrow. What a run did between two saves may pass through states that are never on disk: *sent*.
  static func allows(_ from: LifecycleState, _ event: Event, _ to: LifecycleState) -> Bool {
    let origins = from == .aboutToSend ? [from, .sent] : [from]
    return origins.contains { table.contains(Transition(from: $0, event: event, to: to)) }
  }

  private static let table = Set(transitions)

  private static func rows(
    _ from: [LifecycleState], _ event: Event, _ to: [LifecycleState], isLoop: Bool = false
  ) -> [Transition] {
    from.flatMap { from in to.filter { !isLoop || $0 == from }.map { Transition(from: from, event: event, to: $0) } }
  }
}
