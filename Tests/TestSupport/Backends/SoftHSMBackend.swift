extension Backend {
  /// SoftHSM itself.
  public static let softHSM = Backend(
    name: "softhsm", title: "SoftHSM", packages: ["softhsm2"],
    whyAbsent: SoftHSMFixture.isPresent ? absence(programs: ["softhsm2-util"]) : "there is no libsofthsm2.so"
  ) {
    let token = try SoftHSMBehind()
    return RunningBackend(
      settings: token.settings(module: SoftHSMFixture.modulePath ?? ""), environment: token.fixture.environment, resources: [token.fixture])
  }

  /// SoftHSM with OpenSC's spy in front of it, which writes down every call.
  public static let spy = Backend(
    name: "pkcs11-spy", title: "pkcs11-spy in front of SoftHSM", packages: ["softhsm2", "opensc-pkcs11"],
    whyAbsent: softHSM.whyAbsent ?? absence(libraries: ["pkcs11/pkcs11-spy.so"])
  ) {
    let token = try SoftHSMBehind()
    var environment = token.fixture.environment
    environment["PKCS11SPY"] = SoftHSMFixture.modulePath ?? ""
    environment["PKCS11SPY_OUTPUT"] = token.fixture.folder.path("spy.log")
    return RunningBackend(
      settings: token.settings(module: library("pkcs11/pkcs11-spy.so") ?? ""), environment: environment, resources: [token.fixture])
  }
}

/// A SoftHSM token for a module that stands in front of it.
struct SoftHSMBehind {
  let fixture: SoftHSMFixture
  let token: SoftHSMFixture.Token
  let pinFile: String

  init() throws {
    fixture = try SoftHSMFixture()
    token = try fixture.makeToken(label: "conformance")
    pinFile = try fixture.folder.write(token.userPIN.utf8, to: "pin")
  }

  func settings(module: String) -> ConformanceSettings {
    ConformanceSettings(module: module, token: token.label, pinFile: pinFile)
  }
}
