import Foundation
import TestSupport
import Testing

@Suite("token show", .serialized)
struct TokenShowTests {
  @Test("every field is there, and no login is needed")
  func fields() async throws {
    let bench = try await Bench.withToken()
    let token = try await bench.object("token", "show", environment: ["HSMKEY_PIN_SOURCE": "file:/nowhere"])["token"]
    #expect(
      token.keys.isSuperset(of: [
        "label", "serial", "model", "manufacturer", "hardware-version", "firmware-version", "uri", "dialect", "peculiarities", "flags",
        "flag-names", "pin-state", "pin-memory", "minimum-pin-length", "maximum-pin-length", "maximum-sessions",
        "maximum-read-write-sessions", "slot", "module", "library", "cryptoki-version", "interface-version", "algorithms", "mechanisms",
      ]))
    #expect(token["label"].string == "payroll")
    #expect(token["dialect"].string == "softhsm")
    #expect(token["pin-state"].string == "good")
    #expect(token["pin-memory"]["failed-tries"].number == 0)
    #expect(token["pin-memory"]["is-unattended-use-possible"].bool == true)
    #expect(token["minimum-pin-length"].number == 4)
    #expect(token["maximum-sessions"].string == "no limit")
    let sessions = try await bench.succeeds("token", "show").split(separator: "\n").first { $0.hasPrefix("sessions") }
    #expect(sessions?.contains(/^sessions +no limit/) == true, "\(sessions ?? "none")")
    #expect(token["flag-names"].list.contains { $0.string == "CKF_LOGIN_REQUIRED" })
    let rsa = token["mechanisms"].list.first { $0["name"].string == "CKM_RSA_PKCS_KEY_PAIR_GEN" }
    #expect(rsa?["uses"].list.map(\.string) == ["generate-key-pair"])
    #expect((rsa?["maximum-key-size"].number ?? 0) >= 4096)
    let p256 = token["algorithms"].list.first { $0["name"].string == "ecdsa-p256" }
    #expect(p256?["signs-with"]["ecdsa-sha256"].string == "CKM_ECDSA")
    let lattice = token["algorithms"].list.first { $0["name"].string == "ml-dsa-65" }
    #expect(lattice?["is-usable"].bool == false)
    #expect(lattice?["obstacle"].string?.isEmpty == false)

    let text = try await bench.succeeds("token", "show")
    #expect(text.contains("\nuser PIN      good; 4 to 255 bytes\n"))
    #expect(text.contains("\nPIN memory    nothing against it\n"))
    #expect(text.contains(/CKM_RSA_PKCS_KEY_PAIR_GEN +\d+-\d+ +generate-key-pair\n/))
  }

  @Test("what is remembered of a refused PIN is shown, and by showing not changed")
  func memory() async throws {
    let bench = try await Bench.withToken()
    try bench.folder.write("00000000\n".utf8, to: "pin")
    try await bench.refused(4, "key", "list")
    for _ in 0..<2 {
      let memory = try await bench.object("token", "show")["token"]["pin-memory"]
      #expect(memory["failed-tries"].number == 1)
      #expect(memory["refused-pins"].number == 1)
      #expect(memory["last-failure"].string?.hasSuffix("Z") == true)
    }
    #expect(try await bench.succeeds("token", "show").contains("\nPIN memory    one try without success since the last login, last on 2"))
  }

  @Test("limits and PIN flags as the token tells them; the token's own clock")
  func limits() async throws {
    let module = try FaultModule(.standAlone, .maxSessions(16), .maxReadWriteSessions(4), .tokenFlag("CKF_USER_PIN_COUNT_LOW", true))
    let token = try await Bench().object("token", "show", environment: ["HSMKEY_MODULE": module.path])["token"]
    #expect(token["maximum-sessions"].number == 16)
    #expect(token["maximum-read-write-sessions"].number == 4)
    #expect(token["pin-state"].string == "a wrong PIN was entered since the last right one")
  }
}
