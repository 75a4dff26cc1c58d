import Foundation

extension Backend {
  private static let module = "pkcs11/libtpm2_pkcs11.so"

  /// A TPM 2.0 in software, with its resource manager on a bus of its own, behind tpm2-pkcs11. Without the resource manager a TPM has room
  /// for three keys at once, and the module asks for more.
  public static let tpm2 = Backend(
    name: "tpm2", title: "TPM 2.0 in software (tpm2-pkcs11, tpm2-abrmd, swtpm)",
    packages: ["libtpm2-pkcs11-1", "swtpm", "tpm2-abrmd", "libtss2-tcti-tabrmd0", "libtss2-tcti-swtpm0", "dbus-daemon", "opensc"],
    whyAbsent: absence(
      libraries: [module, "libtss2-tcti-swtpm.so.0", "libtss2-tcti-tabrmd.so.0"],
      programs: ["swtpm", "tpm2-abrmd", "dbus-daemon", "dbus-send", "pkcs11-tool"])
  ) {
    let folder = try TemporaryFolder()
    for name in ["state", "store"] {
      try FileManager.default.createDirectory(at: folder.url.appending(path: name), withIntermediateDirectories: false)
    }
    // Names of sockets are short: with the folder's they must fit into 107 bytes. That the control socket is called so is what the
    // library expects.
    let tpm = try Daemon(
      "swtpm",
      [
        "socket", "--tpm2", "--tpmstate", "dir=\(folder.path("state"))", "--server", "type=unixio,path=\(folder.path("t"))",
        "--ctrl", "type=unixio,path=\(folder.path("t.ctrl"))", "--flags", "not-need-init,startup-clear",
      ], log: folder.path("swtpm.log"))
    let bus = try Daemon(
      "dbus-daemon", ["--session", "--nofork", "--nopidfile", "--address=unix:path=\(folder.path("b"))"], log: folder.path("bus.log"))
    try await tpm.wait(for: "the sockets of swtpm") {
      ["t", "t.ctrl"].allSatisfy { FileManager.default.fileExists(atPath: folder.path($0)) }
    }
    try await bus.wait(for: "the socket of the bus") { FileManager.default.fileExists(atPath: folder.path("b")) }

    let environment = [
      "DBUS_SESSION_BUS_ADDRESS": "unix:path=\(folder.path("b"))", "TPM2_PKCS11_TCTI": "tabrmd:bus_type=session",
      "TPM2_PKCS11_STORE": folder.path("store"), "TPM2_PKCS11_LOG_LEVEL": "0", "TSS2_LOG": "all+NONE",
    ]
    let manager = try Daemon(
      program("tpm2-abrmd") ?? "",
      // The module loses sight of a key in the TPM now and then; with the usual limit of 27 its logins begin to fail.
      ["--allow-root", "--session", "--max-transients=100", "--tcti=swtpm:path=\(folder.path("t"))"], environment: environment,
      log: folder.path("manager.log"))
    try await manager.wait(for: "the TPM's resource manager on the bus") {
      let name = "com.intel.tss2.Tabrmd"
      let answer = try await run(
        "dbus-send",
        [
          "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
          "string:\(name)",
        ], environment: environment)
      return answer.standardOutput.contains("boolean true")
    }

    let path = library(module) ?? ""
    let pinFile = try folder.write("123456".utf8, to: "pin")
    for arguments in [
      ["--slot-index", "0", "--init-token", "--label", "conformance", "--so-pin", "12345678"],
      ["--token-label", "conformance", "--login", "--login-type", "so", "--so-pin", "12345678", "--init-pin", "--new-pin", "123456"],
    ] {
      let result = try await run("pkcs11-tool", ["--module", path] + arguments, environment: environment)
      guard result.succeeded else { throw ChildProcessError("pkcs11-tool: \(result.standardError)") }
    }
    return RunningBackend(
      settings: ConformanceSettings(
        module: path, token: "conformance", pinFile: pinFile, policy: "non-exportable-signing-and-decrypting",
        waivers: ["KEY-ATTRIBUTES-FIXED": "the flags of a TPM's key are notes of the module; the key stays in the TPM"]),
      environment: environment,
      // The order is that of their end.
      resources: [manager, bus, tpm, folder])
  }
}
