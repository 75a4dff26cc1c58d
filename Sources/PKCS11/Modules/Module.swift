internal import CCryptoki
internal import Synchronization

/// A PKCS #11 module: the library of one kind of token, loaded into this process and initialised.
///
/// Opening the same file twice, under any path, gives two `Module` values on one initialisation. A module that other code of this process
/// had initialised is used as it is, and never finalized by us.
///
/// Every call may block for as long as the device takes and cannot be cancelled: call from threads that are allowed to wait.
public final class Module: Sendable {
  /// The path that this module was opened with.
  public let path: String

  /// The file that was loaded, as it was then. A file that took its place later is another one.
  public let file: ModuleFile

  /// What the module says of itself.
  public let information: ModuleInformation

  let cryptoki: Cryptoki
  let generation: UInt
  private let user: ModuleUser

  /// Looks at the module's file, loads it and initialises it (`C_GetInterface` or `C_GetFunctionList`, `C_Initialize` with
  /// `CKF_OS_LOCKING_OK`).
  ///
  /// - Parameters:
  ///   - path: the absolute path of the module's file.
  ///   - initializationString: what some modules want in the reserved member of their initialisation arguments; NSS softoken is told its
  ///     database there. Nil for all others, as the standard wants it.
  ///   - pin: what the file must be; it is refused before anything of it is run. By default it belongs to root or to the user in whose name
  ///     this process runs, and only its owner can change it.
  /// - Throws: ``PKCS11Rule/moduleAbsolutePath``, ``PKCS11Rule/modulePath``, ``PKCS11Rule/moduleOwner``, ``PKCS11Rule/moduleNotWritable``,
  ///   ``PKCS11Rule/moduleDigest``, ``PKCS11Rule/moduleUnchanged``, ``PKCS11Rule/moduleLoads`` with the loader's reason,
  ///   ``PKCS11Rule/moduleParameters``, ``PKCS11Rule/moduleFork``, or what `C_Initialize` answered.
  public init(
    path: String, initializationString: String? = nil, pin: ModulePin = ModulePin(owner: .currentUser)
  ) throws(PKCS11Error) {
    let found = try OpenModuleFile(path: path)
    try found.file.check(pin)
    let entry = try ModuleRegistry.shared.entry(for: found.file.identity)
    let (cryptoki, file, information) = try entry.enter(found, pin, initializationString: initializationString)
    self.path = path
    self.file = file
    self.information = information
    self.cryptoki = cryptoki
    user = ModuleUser(entry, cryptoki)
    generation = cryptoki.generation.load(ordering: .relaxed)
  }

  /// The same user of the module, on the initialisation of now.
  private init(_ earlier: Module, _ information: ModuleInformation) {
    path = earlier.path
    file = earlier.file
    self.information = information
    cryptoki = earlier.cryptoki
    user = earlier.user
    generation = earlier.cryptoki.generation.load(ordering: .relaxed)
  }

  /// Ends the use of this module (`C_Finalize`, when the initialisation was ours and no other `Module` of the same file is in use).
  ///
  /// Call it before the process ends: some modules crash in exit handlers otherwise. Tokens and sessions of this module cannot be used
  /// afterwards. No other thread may be inside a call of this module meanwhile; the work of a ``SessionPool`` is waited for, and when it
  /// does not come to its end within two seconds, the module is left as it is.
  ///
  /// - Throws: ``PKCS11Rule/moduleQuiet``, ``PKCS11Rule/moduleFork``, or what `C_Finalize` answered.
  public func finalize() throws(PKCS11Error) {
    if cryptoki.isForked { throw Cryptoki.forked(token: nil, operation: "finalize the module") }
    try user.finalize()
  }

  /// The module once more, initialised anew when nobody did that since this value was made (`C_Finalize`, `C_Initialize`): the last
  /// means against a module that has lost its token. All tokens, sessions and handles of this value are void afterwards. Both values are
  /// one user of the module, which either of them can finalize.
  ///
  /// - Throws: ``PKCS11Rule/moduleInUse`` when other code relies on the initialisation, ``PKCS11Rule/moduleQuiet`` when a call is under
  ///   way.
  func reopened() throws(PKCS11Error) -> Module {
    if user.isFinalized.load(ordering: .relaxed) { try checkInUse() }
    return Module(self, try user.entry.reinitialize(since: generation))
  }

  /// The slots of the module (`C_GetSlotList`, `C_GetSlotInfo`).
  ///
  /// Slot identifiers change between processes and when tokens are initialised: never keep them.
  public func slots(withTokenPresent: Bool = true) throws(PKCS11Error) -> [Slot] {
    try checkInUse()
    var slots: [Slot] = []
    for identifier in try slotIdentifiers(withTokenPresent: withTokenPresent) {
      if let slot = try Slot(self, identifier) { slots.append(slot) }
    }
    return slots
  }

  /// The initialised tokens that are present.
  public func tokens() throws(PKCS11Error) -> [Token] {
    var tokens: [Token] = []
    for slot in try slots() {
      if let token = try slot.token(), token.flags.contains(.tokenInitialized) { tokens.append(token) }
    }
    return tokens
  }

  /// The one token that a URI describes.
  ///
  /// - Throws: ``PKCS11Rule/tokenPresent`` when none matches, ``PKCS11Rule/tokenUnambiguous`` when several do; the message lists them.
  public func token(matching uri: PKCS11URI) throws(PKCS11Error) -> Token {
    let tokens = try tokens()
    let matching = tokens.filter { uri.matches($0) }
    if matching.count == 1 { return matching[0] }
    let operation = "find the token \(uri)"
    guard !matching.isEmpty else {
      let present = tokens.isEmpty ? "there is no initialised token" : "there are: " + Self.listing(tokens)
      throw PKCS11Error(
        rule: .tokenPresent, operation: operation, message: "no token matches; \(present)",
        hint: tokens.isEmpty
          ? "check that the device is connected and the module is the right one" : "name one of these, by its label or in the URI")
    }
    throw PKCS11Error(
      rule: .tokenUnambiguous, operation: operation, message: "\(matching.count) tokens match: " + Self.listing(matching),
      hint: "add the serial number to the URI")
  }

  func checkInUse() throws(PKCS11Error) {
    if cryptoki.isForked { throw Cryptoki.forked(token: nil, operation: "use the PKCS #11 module") }
    if user.isFinalized.load(ordering: .relaxed) || cryptoki.generation.load(ordering: .relaxed) != generation {
      throw PKCS11Error(
        rule: .moduleInUse, operation: "use the PKCS #11 module", message: "the module was finalized", hint: "open the module again")
    }
  }

  private func slotIdentifiers(withTokenPresent: Bool) throws(PKCS11Error) -> [CK_SLOT_ID] {
    let present = CK_BBOOL(withTokenPresent ? CK_TRUE : CK_FALSE)
    return try unsafe numberList("list the slots") { (buffer, count: inout CK_ULONG) in
      unsafe cryptoki.answer(.C_GetSlotList, cryptoki.functions.pointee.C_GetSlotList) { unsafe $0(present, buffer, &count) }
    } failure: { answer, operation in
      cryptoki.failure(.C_GetSlotList, answer, token: nil, operation: operation)
    }
  }

  private static func listing(_ tokens: [Token]) -> String {
    tokens.map { "\"\($0.label)\" (serial \($0.serialNumber))" }.joined(separator: ", ")
  }
}
