import Secrets
import Testing

@Suite("The text of a secret source")
struct SecretSourceTests {
  @Test(
    "is read and shown again",
    arguments: [
      "prompt", "protected-path", "fd:0", "fd:3", "file:/etc/pin", "file:pin", "file:/a:b c", "credential:hsm-pin", "env:HSM_PIN",
    ])
  func roundTrip(text: String) throws {
    let source = try SecretSource(parsing: text)
    #expect(source.description == text)
    #expect(source.isProtectedPath == (text == "protected-path"))
    #expect((source.warning != nil) == text.hasPrefix("env:"))
  }

  @Test(
    "SECRET-SOURCE: anything else is refused, and never repeated: it may be the secret",
    arguments: [
      "774411", "|774411", "| echo 774411", "pin:774411", "prompt:774411", "PROMPT774411", "file:", "fd:", "fd:-1774411", "fd:774411x",
      "fd:0x774411",
      "fd:99999999774411", "fd:+7", "credential:", "credential:../774411", "credential:..", "credential:a/774411", "env:", "env:774411",
      "env:A=774411",
      "", ":774411", "pin-value=774411", "pkcs11:token=a?pin-value=774411", "file:/a\u{0}774411", "é774411",
    ])
  func refused(text: String) throws {
    let error = try #require(throws: SecretError.self) { try SecretSource(parsing: text) }
    #expect(error.rule == .source)
    #expect(error.hint != nil)
    #expect(!"\(error) \(error.hint ?? "") \(String(reflecting: error))".contains("774411"))
  }

  @Test("tells a shell user how to use a command")
  func command() throws {
    let error = try #require(throws: SecretError.self) { try SecretSource(parsing: "|pass show hsm") }
    #expect(error.hint?.contains("fd:3") == true)
  }

  @Test("SECRET-PROTECTED-PATH: what is entered on the device's pad cannot be read")
  func protectedPath() throws {
    let error = try #require(throws: SecretError.self) { _ = try SecretSource.protectedPath.read(purpose: "User PIN for token payroll") }
    #expect(error.rule == .protectedPath)
  }

  @Test("a secret that the process holds is a source that no text names: read again and again, each time a copy")
  func held() throws {
    let secret = HeldSecret(SecretBytes(copying: Array("774411".utf8)))
    let source = SecretSource.held(secret, name: "officer-pin")
    #expect(source.description == "held:officer-pin")
    #expect(source.canBeReadAgain && !source.isPerson && !source.isProtectedPath && source.isHeld)
    #expect(!SecretSource.prompt.isHeld)
    #expect(source.warning == nil && source.environmentVariable == nil)
    try source.check()
    for _ in 0..<2 { #expect(try source.read(purpose: "PIN").isEqual(to: secret.copy())) }
    #expect(source == .held(secret, name: "officer-pin"))
    #expect(source != .held(HeldSecret(secret.copy()), name: "officer-pin"), "the same one, not the same bytes")
    #expect(throws: SecretError.self) { try SecretSource(parsing: "held:officer-pin") }
    let empty = SecretSource.held(HeldSecret(SecretBytes(copying: [])), name: "nothing")
    #expect(try #require(throws: SecretError.self) { _ = try empty.read(purpose: "PIN") }.rule == .empty)
  }

  @Test("every rule has a name of its own, in capitals")
  func names() {
    #expect(Set(SecretRule.allCases.map(\.rawValue)).count == SecretRule.allCases.count)
    #expect(SecretRule.allCases.allSatisfy { $0.rawValue.hasPrefix("SECRET-") })
  }
}
