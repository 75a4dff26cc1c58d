import PKCS11

extension TokenDialect {
  /// A token that nothing special is known of: the whole template, and the smaller ones when it refuses that.
  static let standard = TokenDialect("standard", [])

  static let softHSM = TokenDialect(
    "softhsm",
    [
      .note("it is software: what it says of a key has no hardware behind it"),
      .note("it has no mechanism that digests for ECDSA, so the digest is made here"),
      .note("it takes RSA mechanisms for EC keys and cuts long digests without a word, so both are checked here"),
      .note("it leaves an object without name and identifier behind each template that it refuses"),
      .note("it never locks a PIN and never tells of a final try"),
    ])

  static let nss = TokenDialect(
    "nss",
    [
      .refuses([.copyable], "it refuses CKA_COPYABLE in templates, and copies every key that it is asked to: KEY-NOT-COPYABLE is violated"),
      .note("it says CKA_LOCAL = false of keys that it generated itself: KEY-LOCAL is violated, and the default policy refuses the key"),
      .note("it hands out keys that it calls not extractable, when asked to wrap them: KEY-NOT-EXTRACTABLE is violated"),
      .note("it makes extractable copies of keys that are not: KEY-ATTRIBUTES-FIXED is violated"),
      .note("it derives and signs with recovery by keys that may do neither: KEY-SIGN-ONLY is violated"),
      .note("it does not know CKA_ALWAYS_AUTHENTICATE, which counts as false"),
      .note("a wrong PIN changes none of its flags"),
      .note("it has to be told its database in the initialisation string"),
    ])

  static let openCryptoki = TokenDialect(
    "opencryptoki",
    [
      .refuses([.copyable], "it does not know CKA_COPYABLE, and copies every key that it is asked to: KEY-NOT-COPYABLE is violated"),
      .note("it signs with recovery by keys that may not: KEY-SIGN-ONLY is violated"),
      .note("keys are extractable unless it is told otherwise, so every flag is asked for"),
      .note("its software token digests for no RSA signature and may lack elliptic curves: its mechanism list tells"),
      .note("the PINs that it was installed with have to be changed before it can be used"),
    ])

  static let tpm2 = TokenDialect(
    "tpm2",
    [
      .refuses(
        [.encrypt, .decrypt],
        "it refuses templates that name CKA_ENCRYPT or CKA_DECRYPT, also when they are false; what it made of them is read back"),
      .note(
        "its keys decrypt as well as sign, EC keys by their words only: KEY-SIGN-ONLY is violated, and the default policy refuses the key"),
      .note(
        "it accepts CKA_SENSITIVE = false and CKA_EXTRACTABLE = true afterwards as mere words: KEY-ATTRIBUTES-FIXED is violated, and the "
          + "key stays in the TPM all the same"),
      .note("without a resource manager in front of it a TPM has room for a few objects only"),
    ])

  static let cloudHSM = TokenDialect(
    "cloudhsm",
    [
      .wants(.init(.isPrivate, true), at: .publicKey, "it wants CKA_PRIVATE = true of public keys too, so they are seen only after login"),
      .note("it lets nobody change CKA_ID or other attributes later, so they are right from the beginning"),
      .note("it has no read-only sessions"),
      .note("it refuses many C_OpenSession in a row with CKR_ARGUMENTS_BAD"),
      .note("a PIN is USER:PASSWORD"),
    ])

  static let luna = TokenDialect(
    "luna",
    [
      .note("keys that others made may all have CKA_ID 00000000, and cannot be told apart by it"),
      .note("generating an RSA key can take minutes, and C_OpenSession can hang for as long"),
      .note("its slot numbers depend on the client, so the token is chosen by serial number or label"),
    ])

  static let nShield = TokenDialect(
    "nshield",
    [
      .note("it refuses keys that it thinks insecure, such as ones that may do everything; a key that only signs is none of those"),
      .note("its slots for cards and for the module look alike, so the token is chosen by serial number or label"),
    ])

  static let yubiHSM = TokenDialect(
    "yubihsm",
    [
      .note("it has 16 sessions for all programs together and ends one after 30 idle seconds"),
      .note("it may shorten labels"),
      .note("a PIN is the number of the authentication key, followed by its password"),
    ])

  static let ykcs11 = TokenDialect(
    "ykcs11",
    [
      .refuses([.extractable], "it refuses CKA_EXTRACTABLE in templates, also when it is false; what it made of it is read back"),
      .note("it has 16 sessions for all programs together"),
      .note("public keys may be known by their certificates only, which counts as a key without its public half"),
    ])

  static let kmsp11 = TokenDialect(
    "kmsp11",
    [
      .init(
        explanation: "it refuses CKA_ID in templates and chooses its own, which KEY-UNIQUE-ID refuses unless it has 20 bytes",
        change: .leaveOutIdentifier),
      .note("it wants the algorithm in an attribute of its own: keys are made with the service's tools, and used here"),
      .note("it may say CKA_ALWAYS_SENSITIVE = false of a key that never was anything else"),
    ])

  /// What a token is like that another process serves, beside what the token itself is like.
  static func remoted(_ inner: TokenDialect) -> TokenDialect {
    TokenDialect(
      inner == .standard ? "p11-kit" : "p11-kit/\(inner.name)",
      [
        .note("p11-kit carries only mechanisms whose parameters it knows: its mechanism list is shorter than the token's"),
        .note("p11-kit numbers the slots anew, so the token is chosen by serial number or label"),
      ] + inner.peculiarities)
  }

  /// Every dialect that has a name.
  static let all: [TokenDialect] = [
    .standard, .softHSM, .nss, .openCryptoki, .tpm2, .cloudHSM, .luna, .nShield, .yubiHSM, .ykcs11, .kmsp11,
  ]
}

extension TokenDialect {
  /// Tells the dialect by what the module (`CK_INFO`) and the token (`CK_TOKEN_INFO`) say of themselves.
  ///
  /// Words, not whole texts, because versions change them. The token's own are looked at first: behind p11-kit the module's are p11-kit's.
  init(manufacturer: String, library: String, tokenManufacturer: String, model: String) {
    let token = "\(tokenManufacturer) \(model)".lowercased()
    let module = "\(manufacturer) \(library)".lowercased()
    let words: [(TokenDialect, token: [String], module: [String])] = [
      (.softHSM, ["softhsm"], ["softhsm"]),
      (.nss, ["nss 3", "mozilla foundation"], ["mozilla foundation", "nss internal"]),
      (.tpm2, [], ["tpm2.0 cryptoki", "tpm2-software"]),
      (.openCryptoki, ["opencryptoki", "ibm softtok"], ["opencryptoki", "ibm meta pkcs11"]),
      (.cloudHSM, ["cloudhsm", "cavium", "marvell"], ["cloudhsm", "cavium"]),
      (.yubiHSM, ["yubihsm"], ["yubihsm"]),
      (.ykcs11, ["yubikey piv"], ["pkcs#11 piv library"]),
      (.kmsp11, ["cloud kms"], ["cloud kms"]),
      (.nShield, ["ncipher", "nshield"], ["ncipher", "nshield"]),
      (.luna, ["luna"], ["chrystoki", "luna"]),
    ]
    let known =
      words.first { entry in entry.token.contains { token.contains($0) } }
      ?? words.first { entry in entry.module.contains { module.contains($0) } }
    let dialect = known?.0 ?? .standard
    self = module.contains("p11-kit") || module.contains("pkcs#11 kit") ? .remoted(dialect) : dialect
  }
}
