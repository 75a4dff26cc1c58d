import Foundation

extension Backend {
  /// SoftHSM behind `p11-kit server`, spoken to through its socket.
  public static let p11Kit = Backend(
    name: "p11-kit", title: "p11-kit server in front of SoftHSM", packages: ["softhsm2", "p11-kit", "p11-kit-modules"],
    whyAbsent: softHSM.whyAbsent ?? absence(libraries: ["pkcs11/p11-kit-client.so"], programs: ["p11-kit"])
  ) {
    let token = try SoftHSMBehind()
    let folder = token.fixture.folder
    let socket = folder.path("p")
    let server = try Daemon(
      "p11-kit",
      ["server", "--foreground", "--name", socket, "--provider", SoftHSMFixture.modulePath ?? "", "pkcs11:token=\(token.token.label)"],
      environment: token.fixture.environment.merging(["XDG_RUNTIME_DIR": folder.path]) { $1 }, log: folder.path("p11-kit.log"))
    try await server.wait(for: "the socket of p11-kit server") { FileManager.default.fileExists(atPath: socket) }
    return RunningBackend(
      settings: token.settings(module: library("pkcs11/p11-kit-client.so") ?? ""),
      environment: ["P11_KIT_SERVER_ADDRESS": "unix:path=\(socket)"], resources: [server, token.fixture])
  }

  /// SoftHSM behind p11-kit's proxy, which joins all modules that are configured. Its configuration is the fixture's own: the
  /// home folder's is the only one it can be told to look into.
  public static let p11KitProxy = Backend(
    name: "p11-kit-proxy", title: "p11-kit's proxy in front of SoftHSM", packages: ["softhsm2", "p11-kit-modules"],
    whyAbsent: softHSM.whyAbsent ?? absence(libraries: ["p11-kit-proxy.so"])
  ) {
    let token = try SoftHSMBehind()
    let folder = token.fixture.folder
    let modules = folder.url.appending(path: "pkcs11/modules")
    try FileManager.default.createDirectory(at: modules, withIntermediateDirectories: true)
    try Data("module: \(SoftHSMFixture.modulePath ?? "")\n".utf8).write(to: modules.appending(path: "softhsm-of-the-test.module"))
    try Data("user-config: only\n".utf8).write(to: folder.url.appending(path: "pkcs11/pkcs11.conf"))
    var environment = token.fixture.environment
    environment["XDG_CONFIG_HOME"] = folder.path
    return RunningBackend(
      settings: token.settings(module: library("p11-kit-proxy.so") ?? ""), environment: environment, resources: [token.fixture])
  }
}
