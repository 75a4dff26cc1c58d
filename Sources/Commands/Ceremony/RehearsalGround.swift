import Foundation
import KeyCeremony
import PKCS11
import Secrets
import TokenKeys

/// The ground that a rehearsal happens on: SoftHSM tokens in a folder that is gone afterwards, with everything on them that the plan wants
/// to find, and a site for it. Nothing of the machine's own tokens, PINs, states or settings is touched.
final class RehearsalGround: Sendable {
  /// Modules, serial numbers and PIN sources of this ground.
  let site: SiteBinding
  /// Where certificates come from; nil for a plan that wants none.
  let desk: RehearsalDesk?
  /// Where PINs that were refused are remembered: not where those of real tokens are.
  let pinMemory: PINMemory
  /// PINs that are shared in the plan and that tokens have from before: nobody has cards of them.
  let sharedPINs: [String: HeldSecret]

  let plan: CeremonyPlan
  let folder: RehearsalFolder
  let tokenFolder: String
  let tokens: GroundTokens

  private init(
    _ plan: CeremonyPlan, _ folder: RehearsalFolder, _ tokenFolder: String, _ tokens: GroundTokens, _ desk: RehearsalDesk?,
    _ site: SiteBinding,
    _ pins: GroundPINs
  ) {
    self.plan = plan
    self.folder = folder
    self.tokenFolder = tokenFolder
    self.tokens = tokens
    self.desk = desk
    self.site = site
    pinMemory = tokens.memory
    sharedPINs = pins.shared
  }

  /// Makes the ground. The module must not be loaded in this process yet.
  ///
  /// - Parameters:
  ///   - output: the folder that the rehearsal writes to.
  ///   - softHSM: the module's path; where distributions put it without one.
  ///   - simulator: the path of the certificate service simulator; beside this program without one.
  static func prepare(
    for plan: CeremonyPlan, context: CommandContext, output: String, softHSM: String? = nil, simulator: String? = nil
  ) async throws -> RehearsalGround {
    let path = try SoftHSMPlace.module(named: softHSM)
    let folder = try RehearsalFolder()
    var desk: RehearsalDesk?
    do {
      let tokenFolder = try SoftHSMPlace.prepare(in: folder.path)
      let tokens = GroundTokens(context: context, path: path, memory: PINMemory(folder: folder.path + "/pins"))
      desk = try await RehearsalDesk.open(for: plan, in: folder.path, module: path, context: context, program: simulator)
      let pins = GroundPINs(plan)
      let site = try await RehearsalGround.site(for: plan, tokens, pins, desk, folder: folder.path, output: output)
      return RehearsalGround(plan, folder, tokenFolder, tokens, desk, site, pins)
    } catch {
      await desk?.end()
      await folder.remove()
      throw error
    }
  }

  /// Takes everything away. Modules of this process are to be finalized before.
  func end() async {
    await desk?.end()
    await folder.remove()
  }

  /// Makes the tokens and what is on them, and the site that tells of them.
  private static func site(
    for plan: CeremonyPlan, _ tokens: GroundTokens, _ pins: GroundPINs, _ desk: RehearsalDesk?, folder: String, output: String
  ) async throws -> SiteBinding {
    let module = try await tokens.open()
    func bound(_ serial: String?) -> SiteBinding.Token {
      SiteBinding.Token(module: module.path, moduleSHA256: module.file.sha256.hexadecimal, serial: serial)
    }
    var bindings: [String: SiteBinding.Token] = [:]
    for token in plan.tokens {
      guard !plan.initialises(token.id) else {
        bindings[token.id] = bound(nil)
        continue
      }
      let user = pins.source(token.userPIN)
      let officer = token.securityOfficerPIN.map(pins.source) ?? .held(ThrowAwaySecret.pin(), name: "officer")
      let made = try await tokens.make(labelled: token.label, officer: officer, user: user, in: module)
      try await furnish(made, as: token.id, plan, user, tokens, desk)
      bindings[token.id] = bound(made.serialNumber)
    }
    var participantKeys: [String: SiteBinding.ParticipantKey] = [:]
    for person in plan.participants {
      guard case .key = person.acknowledgement else { continue }
      let pin = SecretSource.held(ThrowAwaySecret.pin(), name: person.id)
      let label = plan.freeLabel(for: person.id)
      let made = try await tokens.make(
        labelled: label, officer: .held(ThrowAwaySecret.pin(), name: "officer"), user: pin, in: module)
      try await tokens.with(made, pin) { _ = try await $0.generate(.ecdsaP256, named: "rehearsal", policy: .nonExportableSigning) }
      participantKeys[person.id] = SiteBinding.ParticipantKey(token: bound(made.serialNumber), key: "rehearsal", pin: pin)
    }
    let inputs = try writeInputs(of: plan, in: folder)
    try await tokens.close(module)
    return SiteBinding(
      outputFolder: output, shareCardFolder: nil, configuration: desk?.configuration, tokens: bindings, pins: pins.ofSite, inputs: inputs,
      orders: desk?.orders ?? [:], participantKeys: participantKeys, sha256: [UInt8](repeating: 0, count: 32))
  }

  /// Makes the keys and certificates that the plan finds on a token.
  private static func furnish(
    _ made: Token, as id: String, _ plan: CeremonyPlan, _ pin: SecretSource, _ tokens: GroundTokens, _ desk: RehearsalDesk?
  ) async throws {
    let keys = plan.before.keys.filter { $0.key.token == id }
    let enrolled = plan.before.enrolled.filter { $0.token == id }
    guard !keys.isEmpty || !enrolled.isEmpty else { return }
    try await tokens.with(made, pin) { session in
      for key in keys { _ = try await session.generate(key.algorithm, named: key.key.name, policy: key.policy) }
      for certificate in enrolled { try await desk?.prepare(certificate, keys: session) }
    }
  }

  private static func writeInputs(of plan: CeremonyPlan, in folder: String) throws -> [String: String] {
    let inputs = folder + "/inputs"
    try FileManager.default.createDirectory(atPath: inputs, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    var paths: [String: String] = [:]
    for input in plan.inputs {
      paths[input.id] = "\(inputs)/\(input.id)"
      try Data(content(of: input.id, plan)).write(to: URL(filePath: "\(inputs)/\(input.id)"))
    }
    return paths
  }

  /// What stands in for a file of which nobody knows what it will hold.
  static func content(of input: String, _ plan: CeremonyPlan) -> [UInt8] { Array("\(plan.name)\n\(input)\n".utf8) }
}

extension CeremonyPlan {
  /// Whether a step of the plan initialises a token.
  fileprivate func initialises(_ token: String) -> Bool {
    steps.contains { if case .initialiseToken(token) = $0.action { true } else { false } }
  }

  /// A label for a participant's own token that no token of the plan has.
  fileprivate func freeLabel(for participant: String) -> String {
    let names = (["own-"] + (1...9).map { "own\($0)-" }).map { String(($0 + participant).prefix(32)) }
    return names.first { name in !tokens.contains { $0.label == name } } ?? UUID().uuidString.prefix(32).description
  }
}
