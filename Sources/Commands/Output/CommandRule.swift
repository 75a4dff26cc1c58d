/// A named rule of the command line: what is asked for, and what is configured, before any other room is asked.
struct CommandRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  let rawValue: String
  init(rawValue: String) { self.rawValue = rawValue }
  private init(_ name: String) { rawValue = name }

  /// A configuration file belongs to root or to the user who runs the tool, and nobody else can change it: it names programs that are run.
  static let configurationOwner = CommandRule("CONFIG-OWNER-ONLY")
  /// A `pkcs11:` text where a file is expected is an error, never the name of a file.
  static let fileNotURI = CommandRule("FILE-NOT-URI")
  /// A token's URI names a module by `module-path`, and in the configuration file only; `module-name` is not looked up at all.
  static let uriModulePath = CommandRule("URI-MODULE-PATH-FROM-CONFIGURATION")
  /// Whoever issues customers' certificates signs no answers, and whoever issues the certificates behind answers issues no customers'.
  static let trustRoles = CommandRule("TRUST-ROLES")
  /// A published authority is trusted in its own environment only: test and production never mix.
  static let trustEnvironment = CommandRule("TRUST-ENVIRONMENT")
  /// An authority is imported only when its SHA-256 is pinned, or given on the command line.
  static let trustFingerprint = CommandRule("TRUST-FINGERPRINT")
  /// The trust folder and what is in it can be changed by root and by the user who runs the tool, and by nobody else; each file is what its
  /// name says.
  static let trustFolder = CommandRule("TRUST-FOLDER")
  /// The test bench is asked at its own address only: the check that a certificate is for the key is skipped there and nowhere else.
  static let testBench = CommandRule("SERVICE-TEST-BENCH")
  /// A request with a transfer password in it goes to a file that only its owner can open, or to standard output when that is asked for.
  static let secretOutput = CommandRule("SECRET-OUTPUT")
  /// The certificate service's certificates have RSA keys: its renewals are signed with RSA only.
  static let serviceKey = CommandRule("SERVICE-KEY-RSA")
  /// A new token's label is no other token's.
  static let tokenLabelTaken = CommandRule("TOKEN-LABEL-TAKEN")
  /// A token that is initialised already is not initialised again unless its serial number is given.
  static let tokenNotEmpty = CommandRule("TOKEN-NOT-EMPTY")
  /// A serial number that names a token to be destroyed names exactly one.
  static let tokenSerial = CommandRule("TOKEN-SERIAL-ONE")
  /// What cannot be undone is done only when its name is given a second time.
  static let confirmation = CommandRule("CONFIRM-NAME")
  /// A key with a certificate that is still valid is not destroyed, unless that is asked for.
  static let keyCertified = CommandRule("KEY-CERTIFIED")

  static let allCases: [CommandRule] = [
    .configurationOwner, .fileNotURI, .uriModulePath, .trustRoles, .trustEnvironment, .trustFingerprint, .trustFolder, .testBench,
    .secretOutput,
    .serviceKey, .tokenLabelTaken,
    .tokenNotEmpty, .tokenSerial, .confirmation, .keyCertified,
  ]

  var description: String { rawValue }
}
