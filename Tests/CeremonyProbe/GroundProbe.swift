@testable import Commands
import ArgumentParser
import Foundation
import KeyCeremony
import PKCS11
import Secrets
import TokenKeys
import X509

/// The ground of a rehearsal as the engine meets it, a fact a line.
struct GroundProbe {
  let plan: CeremonyPlan
  let simulator: String
  let holds: Bool

  func run() async throws {
    let context = try CommandContext(CommonOptions.parse([]))
    let ground = try await RehearsalGround.prepare(for: plan, context: context, output: "out", simulator: simulator)
    tell("folder \(ground.folder.path)")
    if holds { _ = try? FileHandle.standardInput.readToEnd() }
    let outcome = await Result { try await look(at: ground, context) }
    await LoadedModules.finalizeAll(saysTrouble: true)
    await ground.end()
    tell("gone \(!FileManager.default.fileExists(atPath: ground.folder.path))")
    try outcome.get()
  }

  private func look(at ground: RehearsalGround, _ context: CommandContext) async throws {
    let site = ground.site
    tell("pins \(site.pins.keys.sorted()) \(ground.sharedPINs.keys.sorted())")
    var module = try await ground.tokens.open()
    for token in plan.tokens {
      guard let serial = site.tokens[token.id]?.serial else {
        tell("token \(token.id) blank")
        continue
      }
      let found = try module.token(matching: PKCS11URI("pkcs11:serial=\(serial)"))
      tell("token \(token.id) \(found.label)")
      guard let pin = site.pins[token.userPIN] else { continue }
      try await ground.tokens.with(found, pin) { keys in
        for key in try await keys.keys() { tell("key \(token.id) \(key.name) \(key.algorithm)") }
        try await askDesk(ground, token.id, keys)
      }
    }
    for (name, key) in site.participantKeys {
      let found = try module.token(matching: PKCS11URI("pkcs11:serial=\(key.token.serial ?? "")"))
      try await ground.tokens.with(found, key.pin) { keys in
        let found = try await keys.key(named: key.key)
        tell("participant \(name) signs \(try await found.sign(Data("x".utf8)).rawRepresentation.isEmpty == false)")
      }
    }
    for input in plan.inputs { tell("input \(input.id) \(try await ground.input(input.id, certificateFor: nil).count)") }
    module = try await replicate(ground, module, context)
    try await ground.tokens.close(module)
  }

  /// The certificates of the plan, as its steps ask for them, and once more, as after an interruption.
  private func askDesk(_ ground: RehearsalGround, _ token: String, _ keys: TokenKeys) async throws {
    guard let desk = ground.desk else { return }
    for enrolment in plan.enrolments where enrolment.token == token {
      guard let order = ground.site.orders[enrolment.order] else { continue }
      let first = try await desk.enrol(enrolment, keys: keys, order: order)
      let again = try await desk.enrol(enrolment, keys: keys, order: order)
      tell("enrolled \(enrolment.certificate) \(first == again)")
    }
    for step in plan.steps {
      guard case .renewCertificate(token, let certificate, _) = step.action else { continue }
      guard let before = try await desk.inUse(certificate, keys: keys) else { continue }
      let first = try await desk.renew(certificate, keys: keys, before: before)
      let again = try await desk.renew(certificate, keys: keys, before: before)
      tell("renewed \(certificate) \(first.certificate != before.certificate) \(first == again)")
    }
  }

  /// A token that the plan initialises, made here, with a key; and its copy.
  private func replicate(_ ground: RehearsalGround, _ module: Module, _ context: CommandContext) async throws -> Module {
    guard case .verifyCopy(let key, let copy)? = plan.steps.lazy.map(\.action).first(where: { $0.name == "verify-copy" }),
      let copySerial = ground.site.tokens[copy]?.serial, let copyToken = plan.token(copy), let copyPIN = ground.site.pins[copyToken.userPIN]
    else { return module }
    let pin = SecretSource.held(ThrowAwaySecret.pin(), name: "original")
    let original = try await ground.tokens.make(
      labelled: plan.token(key.token)?.label ?? "", officer: .held(ThrowAwaySecret.pin(), name: "officer"), user: pin, in: module)
    let seen = Facts()
    try await ground.tokens.with(original, pin) { keys in
      seen.identifier = try await keys.generate(.ecdsaP256, named: key.name, policy: .nonExportableSigning).identifier.hexadecimal
    }
    try await ground.tokens.close(module)
    try await ground.replicate(serial: original.serialNumber, pin: pin, as: copy, pin: copyPIN)
    let again = try await ground.tokens.open()
    let second = try again.token(matching: PKCS11URI("pkcs11:serial=\(copySerial)"))
    tell("copy \(second.label) \(second.serialNumber != original.serialNumber)")
    try await ground.tokens.with(second, copyPIN) { keys in
      let found = try await keys.key(named: key.name)
      try await keys.prove(found, is: .ecdsaP256, policy: .nonExportableSigning)
      tell("copied \(found.identifier.hexadecimal == seen.identifier)")
    }
    let first = try again.token(matching: PKCS11URI("pkcs11:serial=\(original.serialNumber)"))
    try await ground.tokens.with(first, pin) { keys in tell("original \(try await keys.keys().count)") }
    return again
  }

  private func tell(_ fact: String) { try? FileHandle.standardOutput.write(contentsOf: Data("\(fact)\n".utf8)) }
}

/// What is noted in a closure. Written and read one after the other.
private final class Facts: @unchecked Sendable {
  var identifier = ""
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
