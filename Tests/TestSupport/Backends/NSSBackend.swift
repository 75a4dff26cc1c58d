extension Backend {
  /// NSS's software token, with its 3.0 interface and a database of the fixture's own.
  public static let nss = Backend(
    name: "nss", title: "NSS softokn", packages: ["libnss3", "libnss3-tools"],
    whyAbsent: absence(libraries: ["libsoftokn3.so"], programs: ["certutil"])
  ) {
    let folder = try TemporaryFolder()
    let pinFile = try folder.write("123456\n".utf8, to: "pin")
    let result = try await run("certutil", ["-N", "-d", "sql:\(folder.path)", "-f", pinFile])
    guard result.succeeded else { throw ChildProcessError("certutil: \(result.standardError)") }
    return RunningBackend(
      settings: ConformanceSettings(
        module: library("libsoftokn3.so") ?? "",
        // The only way to tell it where its database is.
        initializationString: "configdir='sql:\(folder.path)' certPrefix='' keyPrefix='' secmod='secmod.db' flags=",
        token: "NSS Certificate DB", pinFile: pinFile, policy: "non-exportable-signing",
        waivers: [
          "KEY-LOCAL": "NSS denies having made its own keys",
          "KEY-NOT-EXTRACTABLE": "NSS gives its keys out with C_WrapKey, which these checks are about",
          "KEY-ATTRIBUTES-FIXED": "NSS makes extractable copies, which these checks are about",
          "KEY-NOT-COPYABLE": "NSS does not know CKA_COPYABLE",
          "KEY-SIGN-ONLY": "NSS derives and signs with recovery by any key",
        ]),
      resources: [folder])
  }
}
