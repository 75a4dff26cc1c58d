import Foundation
import KeyCeremony
import Secrets
import TestSupport
import Testing

@Suite("CEREMONY-SITE-FILE and CEREMONY-SITE-COMPLETE: what a site file may say, and what it must")
struct SiteTests {
  private static let digest = PlanFixture.digest
  private static let text = """
    format: hsmkey-ceremony-site/1
    output-folder: out
    share-card-folder: /run/cards
    configuration: ../hsmkey.yaml
    tokens:
      main: { module: /usr/lib/m.so, module-sha256: \(digest), serial: blank }
      second: { module: /usr/lib/m.so, module-sha256: \(digest.uppercased()), serial: 5a1c }
    pins:
      user: prompt
      user-2: file:pins/user-2
    inputs: { statement: statement.pdf, pem: /etc/c.pem }
    orders:
      first-order: { transfer-id: "1", transfer-password-source: credential:order }
    participants:
      auditor: { module: /usr/lib/a.so, module-sha256: \(digest), serial: 77, key: anna, pin-source: protected-path }

    """

  private static func examine(_ text: String, file: String = "/etc/ceremony/site.yaml") throws -> (
    site: SiteBinding?, mistakes: [CeremonyError]
  ) {
    SiteBinding.examine(bytes: Array(text.utf8), file: file, for: try PlanFixture.plan())
  }

  @Test("a plan in the place of the site file is told by its kind, and nothing else of it")
  func exchanged() throws {
    let (_, mistakes) = try Self.examine(PlanFixture.text)
    #expect(mistakes.map(\.message) == ["line 1: format is that of a plan, and not hsmkey-ceremony-site/1"])
  }

  @Test("every field arrives where it belongs, and paths are meant from the file's folder")
  func fields() throws {
    let (read, mistakes) = try Self.examine(Self.text)
    #expect(mistakes.map(\.description) == [])
    let site = try #require(read)
    #expect(site.outputFolder == "/etc/ceremony/out" && site.shareCardFolder == "/run/cards" && site.configuration == "/etc/hsmkey.yaml")
    #expect(site.tokens["main"]?.serial == nil && site.tokens["second"]?.serial == "5a1c")
    #expect(site.tokens["second"]?.moduleSHA256 == Self.digest && site.tokens["main"]?.module == "/usr/lib/m.so")
    #expect(site.pins.mapValues(\.description) == ["user": "prompt", "user-2": "file:/etc/ceremony/pins/user-2"])
    #expect(site.inputs == ["statement": "/etc/ceremony/statement.pdf", "pem": "/etc/c.pem"])
    #expect(site.orders["first-order"]?.transferID == "1")
    #expect(site.orders["first-order"]?.transferPassword.description == "credential:order")
    #expect(site.participantKeys["auditor"]?.key == "anna" && site.participantKeys["auditor"]?.token.serial == "77")
    #expect(site.sha256.count == 32)
    let relative = try #require(try Self.examine(Self.text, file: "site.yaml").site)
    #expect(relative.outputFolder == FileManager.default.currentDirectoryPath + "/out")
  }

  @Test(
    "CEREMONY-SITE-FILE, with the line",
    arguments: [
      ("format: hsmkey-ceremony-site/1", "format: hsmkey-ceremony-site/2", "line 1: format is not hsmkey-ceremony-site/1"),
      ("output-folder: out\n", "", "line 1: output-folder is missing"),
      ("output-folder: out", "output-folder: 'pkcs11:object=x'", "line 2: output-folder must be a file"),
      ("share-card-folder: /run/cards", "share-card-folder: out/cards", "line 3: share-card-folder is in the output folder"),
      ("share-card-folder: /run/cards", "share-card-folder: a/../out", "line 3: share-card-folder is in the output folder"),
      ("configuration: ../", "colour: red\nconfiguration: ../", "line 4: unknown key colour"),
      ("module: /usr/lib/m.so", "module: m.so", "line 6: tokens.main.module must be an absolute path"),
      ("module: /usr/lib/m.so, ", "", "line 6: tokens.main.module is missing"),
      ("module-sha256: 0a", "module-sha256: x", "line 6: tokens.main.module-sha256 must be a SHA-256"),
      ("serial: blank", "serial: blank, slot: 1", "line 6: unknown key tokens.main.slot"),
      ("serial: 5a1c", "serial: 12345678901234567", "line 7: tokens.second.serial has more than 16 bytes"),
      ("user: prompt", "user: \"123456\"", "line 9: pins.user is not used: the text is no source of secrets"),
      ("user: prompt", "user: fd:x", "line 9: pins.user is not used"),
      (
        "transfer-password-source: credential:order", "transfer-password: geheim",
        "line 13: orders.first-order.transfer-password is a secret"
      ),
      (
        "transfer-password-source: credential:order", "transfer-password-source: protected-path", "transfer-password-source is the device's"
      ),
      ("serial: 77", "serial: blank", "line 15: participants.auditor.serial is blank"),
      (", pin-source: protected-path", "", "line 15: participants.auditor.pin-source is missing"),
    ])
  func form(from: String, to: String, message: String) throws {
    let mistakes = try Self.examine(Self.text.replacing(from, with: to, maxReplacements: 1)).mistakes
    #expect(mistakes.contains { $0.rule == .siteFile && $0.message.contains(message) && $0.hint != nil }, "\(mistakes)")
    #expect(!mistakes.contains { "\($0)\($0.hint ?? "")".contains("123456") || $0.description.contains("geheim") })
  }

  @Test(
    "CEREMONY-SITE-COMPLETE, with the line",
    arguments: [
      ("serial: 5a1c", "serial: blank", "line 7: tokens.second.serial is blank, and the plan does not initialise the token"),
      ("  second: {", "  third: {", "line 7: tokens.third is superfluous"),
      ("  second: {", "  third: {", "line 6: tokens.second is missing"),
      ("user-2: file:pins/user-2", "officer-pin: prompt", "line 10: pins.officer-pin is superfluous"),
      ("user-2: file:pins/user-2", "officer-pin: prompt", "line 9: pins.user-2 is missing"),
      ("inputs: { statement: statement.pdf, pem: /etc/c.pem }\n", "", "line 1: inputs is missing; the plan wants statement, pem"),
      (", pem: /etc/c.pem", "", "line 11: inputs.pem is missing"),
      ("configuration: ../hsmkey.yaml\n", "", "line 1: configuration is missing"),
      ("  first-order:", "  other:", "line 13: orders.other is superfluous"),
      ("  auditor:", "  leader:", "line 15: participants.leader is superfluous"),
      ("serial: blank", "serial: 5a1c", "line 7: tokens.second is the token of main too"),
    ])
  func complete(from: String, to: String, message: String) throws {
    let mistakes = try Self.examine(Self.text.replacing(from, with: to, maxReplacements: 1)).mistakes
    #expect(mistakes.contains { $0.rule == .siteComplete && $0.message.contains(message) && $0.hint != nil }, "\(mistakes)")
  }

  @Test("a configuration that no step needs is superfluous; the first mistake is thrown")
  func needless() throws {
    let bytes = Array("configuration: x.yaml\n\(try ExamplePlan.text("destruction.site.yaml"))".utf8)
    let error = #expect(throws: CeremonyError.self) {
      try SiteBinding(reading: bytes, file: "s.yaml", for: try ExamplePlan.plan("destruction"))
    }
    #expect(error?.rule == .siteComplete && error?.message.contains("configuration is superfluous") == true)
  }
}
