/// The named rules of this room. A thrown ``PKCS11Error`` says which one was broken.
public struct PKCS11Rule: RawRepresentable, Hashable, Sendable, CaseIterable {
  public let rawValue: String

  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  private init(_ rawValue: String) {
    self.rawValue = rawValue
  }

  /// Every call into a module answers `CKR_OK`, or its return value is an error that names the function.
  public static let call = PKCS11Rule("PKCS11-CALL")
  /// A function that a module leaves out of its table is not called.
  public static let functionPresent = PKCS11Rule("PKCS11-FUNCTION-PRESENT")
  /// A module's path names an existing regular file that can be read.
  public static let modulePath = PKCS11Rule("MODULE-PATH")
  /// A module is named by an absolute path without `$`, for which the loader would put something else.
  public static let moduleAbsolutePath = PKCS11Rule("MODULE-ABSOLUTE-PATH")
  /// A module's file, and every folder and link on the way to it, belong to root or to the owner that was named.
  public static let moduleOwner = PKCS11Rule("MODULE-OWNER")
  /// A module's file, and every folder on the way to it that is not sticky, can be written to by their owner only.
  public static let moduleNotWritable = PKCS11Rule("MODULE-NOT-WRITABLE")
  /// A module's file has the SHA-256 that was pinned.
  public static let moduleDigest = PKCS11Rule("MODULE-DIGEST")
  /// The file that was loaded is the one that was looked at: it is neither changed nor exchanged meanwhile.
  public static let moduleUnchanged = PKCS11Rule("MODULE-UNCHANGED")
  /// A module loads and hands out a function table whose layout we know.
  public static let moduleLoads = PKCS11Rule("MODULE-LOADS")
  /// A module that was finalized is not used any more, nor are its tokens and sessions.
  public static let moduleInUse = PKCS11Rule("MODULE-IN-USE")
  /// A module is not used in a process that was forked after the module had been opened.
  public static let moduleFork = PKCS11Rule("MODULE-FORK")
  /// A module is not finalized while a call into it is under way.
  public static let moduleQuiet = PKCS11Rule("MODULE-QUIET")
  /// A module that is open keeps the parameters that it was initialised with.
  public static let moduleParameters = PKCS11Rule("MODULE-PARAMETERS")
  /// A token that is looked for exists.
  public static let tokenPresent = PKCS11Rule("TOKEN-PRESENT")
  /// A token that is looked for is the only one that matches.
  public static let tokenUnambiguous = PKCS11Rule("TOKEN-UNAMBIGUOUS")
  /// A token's label fits its 32 bytes.
  public static let tokenLabel = PKCS11Rule("TOKEN-LABEL")
  /// A PIN has at least one byte. Without one, modules ask on the device's own pad, and that is asked for by name.
  public static let pinPresent = PKCS11Rule("PIN-PRESENT")
  /// A session is used only while it is open and no operation in it was left half done.
  public static let sessionUsable = PKCS11Rule("SESSION-USABLE")
  /// A token's login stays for as long as we hold it.
  public static let loginKept = PKCS11Rule("LOGIN-KEPT")
  /// A call into a module returns within its deadline.
  public static let callDeadline = PKCS11Rule("CALL-DEADLINE")
  /// No more callers wait for a session than were allowed to.
  public static let poolFull = PKCS11Rule("POOL-FULL")
  /// A caller gets a session within the time that it may have to wait.
  public static let poolWait = PKCS11Rule("POOL-WAIT")
  /// A session pool that was closed is not used any more.
  public static let poolOpen = PKCS11Rule("POOL-OPEN")
  /// A token that failed again and again is left alone for a while.
  public static let circuitOpen = PKCS11Rule("TOKEN-CIRCUIT")
  /// An attribute's value has the length that its type needs.
  public static let attributeLength = PKCS11Rule("ATTRIBUTE-LENGTH")
  /// Attribute values read at once stay below 1 MiB each and 4 MiB together.
  public static let attributeSize = PKCS11Rule("ATTRIBUTE-SIZE")
  /// Attributes whose values are templates, full of pointers, are not read.
  public static let attributeFlat = PKCS11Rule("ATTRIBUTE-FLAT")
  /// A list that a module gives has a size that can be true.
  public static let listSize = PKCS11Rule("LIST-SIZE")
  /// A signature has at least one byte and at most as many as the key can give.
  public static let signatureSize = PKCS11Rule("SIGNATURE-SIZE")
  /// What is signed has a length that the mechanism and key can take: a digest is neither cut nor filled up.
  public static let signatureInput = PKCS11Rule("SIGNATURE-INPUT")
  /// Random bytes are asked for in amounts of 1 byte to 1 MiB.
  public static let randomCount = PKCS11Rule("RANDOM-COUNT")
  /// A URI follows RFC 7512 and is at most 4096 bytes long, as given and as written back.
  public static let uriSyntax = PKCS11Rule("URI-SYNTAX")
  /// A URI has only attributes that RFC 7512 names: none of a vendor's own, and none that is misspelt.
  public static let uriAttributeKnown = PKCS11Rule("URI-ATTRIBUTE-KNOWN")
  /// A URI has an attribute once at most.
  public static let uriAttributeOnce = PKCS11Rule("URI-ATTRIBUTE-ONCE")
  /// A URI carries no PIN and no place where a PIN is: no attribute whose name begins with `pin`, however it is written.
  public static let uriNoPIN = PKCS11Rule("URI-NO-PIN")

  public static let allCases: [PKCS11Rule] = [
    .call, .functionPresent,
    .modulePath, .moduleAbsolutePath, .moduleOwner, .moduleNotWritable, .moduleDigest, .moduleUnchanged, .moduleLoads, .moduleInUse,
    .moduleFork, .moduleQuiet, .moduleParameters,
    .tokenPresent, .tokenUnambiguous, .tokenLabel,
    .pinPresent,
    .sessionUsable, .loginKept,
    .callDeadline, .poolFull, .poolWait, .poolOpen, .circuitOpen,
    .attributeLength, .attributeSize, .attributeFlat, .listSize, .signatureSize, .signatureInput, .randomCount,
    .uriSyntax, .uriAttributeKnown, .uriAttributeOnce, .uriNoPIN,
  ]
}

extension PKCS11Rule: CustomStringConvertible {
  public var description: String { rawValue }
}
