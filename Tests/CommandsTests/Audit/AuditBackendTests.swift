import Foundation
import TestSupport
import Testing

/// What `audit` says of keys on tokens of other makes, made by other programs.
@Suite("audit: tokens of other makes")
struct AuditBackendTests {
  @Test(
    "openCryptoki: keys of pkcs11-tool, one of which goes away",
    .enabled(if: Backend.openCryptoki.isToRun, Comment(rawValue: Backend.openCryptoki.whySkipped)))
  func openCryptoki() async throws {
    let backend = try await Backend.openCryptoki.start()
    let folder = try TemporaryFolder()
    // All in one namespace, which ends with its first process.
    let script = """
      set -euo pipefail
      pin=$(cat "$PIN_FILE")
      tool() { pkcs11-tool --module "$HSMKEY_MODULE" --token-label "$TOKEN" --login --pin "$pin" "$@" >/dev/null; }
      tool --keypairgen --key-type rsa:2048 --label foreign --id 01
      tool --keypairgen --key-type rsa:2048 --label signer --id 02
      "$hsmkey" audit --write "$FOLDER/inventory" --sign-with signer >/dev/null || true
      tool --delete-object --type privkey --id 01
      "$hsmkey" audit --inventory "$FOLDER/inventory" --json || true
      """
    let result = try await backend.run("bash", ["-c", script], environment: environment(backend, folder))
    try #require(result.succeeded, "\(result.standardError)")
    let answer = try JSON(parsing: result.standardOutput)
    #expect(answer["keys"].list.map { $0["algorithm"].string } == ["rsa-2048", "rsa-2048"])
    #expect(answer["unreadable"].list.isEmpty, "\(answer["unreadable"].allTexts)")
    let signer = try #require(answer["keys"].list.first { $0["public"]["label"].string == "signer" })
    #expect(signer["public-key-sha256"].string == answer["inventory"]["signers"][0]["public-key-sha256"].string)
    let changed = answer["findings"].list.filter { $0["rule"].string == "AUDIT-CHANGED" }
    #expect(changed.map { $0["name"].string } == ["foreign"])
    #expect(changed.first?["changes"][0]["what"].string == "the private half")
  }

  @Test("NSS: a key and certificate of certutil", .enabled(if: Backend.nss.isToRun, Comment(rawValue: Backend.nss.whySkipped)))
  func nss() async throws {
    let backend = try await Backend.nss.start()
    let folder = try TemporaryFolder()
    try folder.write(
      "token:\n  initialization-string: \"\(backend.settings.initializationString ?? "")\"\n".utf8, to: "hsmkey.yaml")
    let database = try #require(backend.settings.initializationString?.firstMatch(of: /configdir='([^']*)'/)).1
    try folder.write([UInt8](repeating: 7, count: 64), to: "noise")
    let made = try await run(
      "certutil",
      [
        "-S", "-n", "payroll", "-s", "CN=payroll", "-x", "-t", "u,u,u", "-d", String(database), "-f", backend.settings.pinFile, "-z",
        folder.path("noise"), "-k", "rsa", "-g", "2048", "-v", "1",
      ])
    try #require(made.succeeded, "\(made.standardError)")
    var settings = environment(backend, folder)
    settings["HSMKEY_CONFIG"] = folder.path("hsmkey.yaml")
    let result = try await backend.run(Bench.program, ["audit", "--json"], environment: settings)
    #expect(result.exitCode == 2, "\(result.standardError)")
    let answer = try JSON(parsing: result.standardOutput)
    #expect(answer["keys"].list.count == 1)
    #expect(answer["keys"][0]["public-key-sha256"].string == answer["certificates"][0]["contents"]["public-key-sha256"].string)
    let rules = Set(answer["findings"].list.compactMap { $0["rule"].string })
    // certutil's keys do more than sign, and NSS denies having made them.
    #expect(rules.isSuperset(of: ["AUDIT-SIGN-ONLY", "AUDIT-POLICY"]), "\(rules)")
    #expect(!rules.contains("AUDIT-UNREADABLE"), "\(answer["unreadable"].allTexts)")
    let open = try await backend.run(Bench.program, ["audit", "--public-only", "--json"], environment: settings)
    #expect(try JSON(parsing: open.standardOutput)["scope"].string == "public")
  }

  private func environment(_ backend: RunningBackend, _ folder: TemporaryFolder) -> [String: String] {
    [
      "HSMKEY_MODULE": backend.settings.module, "HSMKEY_TOKEN": backend.settings.token,
      "HSMKEY_PIN_SOURCE": "file:\(backend.settings.pinFile)", "HSMKEY_PIN_MEMORY": folder.path("pins"), "HSMKEY_CONFIG": "",
      "TOKEN": backend.settings.token, "PIN_FILE": backend.settings.pinFile, "FOLDER": folder.path, "hsmkey": Bench.program,
    ]
  }
}
