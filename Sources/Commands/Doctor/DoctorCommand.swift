import ArgumentParser
import Foundation
import PKCS11
import TokenKeys

/// `hsmkey doctor`
struct DoctorCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Explain, step by step, why a token can or cannot be used.",
    discussion: """
      Looks at what stands between you and a signature, in the order in which it is met: configuration, module, slots, token, PIN,
      mechanisms, clock, state, trust, service. A step that fails ends those that build on it; the others go on. No PIN is read or tried
      without --login, nothing is changed, and no call into the module takes longer than its deadline (token.deadline).

      The exit code is 0 when every step is ok or a warning, and otherwise that of the first step that failed.

      Example: hsmkey doctor --module /usr/lib/softhsm/libsofthsm2.so --offline
      """)
  @OptionGroup var common: CommonOptions

  @Flag(help: "Log in once, guarded as every login is: a PIN that may cost the last try is not tried.")
  var login = false

  @Flag(help: "Do not connect to the certificate service.")
  var offline = false

  struct Report: Answer {
    let steps: [DoctorStep]
    let outcome: DoctorStep.Outcome
    let exitCode: Int32

    init(_ steps: [DoctorStep]) {
      self.steps = steps
      let failed = steps.first { $0.outcome == .failed }
      outcome = failed?.outcome ?? steps.first { $0.outcome == .warning }?.outcome ?? .ok
      exitCode = failed?.exitStatus.rawValue ?? ExitStatus.done.rawValue
    }

    enum CodingKeys: CodingKey { case steps, outcome, exitCode }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(steps, forKey: .steps)
      try container.encode(outcome.rawValue, forKey: .outcome)
      try container.encode(exitCode, forKey: .exitCode)
    }

    var text: String { DoctorText(steps, width: Console.answerWidth).text }
    var exitStatus: ExitStatus { ExitStatus(rawValue: exitCode) }
  }

  func run() async throws { try give(Report(await examine())) }

  func answer(_ context: CommandContext) async throws -> Report { Report(await examine()) }

  private func examine() async -> [DoctorStep] {
    var examination = Examination()
    let (common, login, offline) = (common, login, offline)
    let context = await examination.step("configuration", given: .yes(())) { try DoctorSettings.read(common) }
    let source = await examination.step("pin-source", given: context) { try DoctorSettings.pinSource($0) }

    let file = await examination.step("module-file", given: context) { try ModuleExamination.find($0) }
    let ownFile = await examination.step("module-permissions", given: context.and(file)) { try ModuleExamination.permissions($0, $1) }
    let pinned = await examination.step("module-digest", given: context.and(file)) { try ModuleExamination.digest($0, $1) }
    let fitting = await examination.step("module-architecture", given: file) { try ModuleExamination.architecture($0) }
    let settled = await examination.step("module-settings", given: file.and(context)) { try ModuleSettings.check($0, $1) }
    let loadable = context.and(file).given(ownFile, pinned, fitting, settled)
    let module = await examination.step("module-load", given: loadable) { try await DoctorToken.load($0, $1) }

    let tokens = await examination.step("slots", given: context.and(module)) { try await DoctorToken.slots($0, $1) }
    let chosen = await examination.step("token", given: context.and(module).given(tokens)) { try await DoctorToken.choose($0, $1) }
    let token = context.and(chosen)
    let state = await examination.step("token-state", given: token) { try DoctorToken.state($1) }
    let mechanisms = await examination.step("algorithms", given: token) { try await DoctorToken.algorithms($0, $1) }
    _ = await examination.step("dialect", given: token) { DoctorToken.dialect($1) }
    _ = await examination.step("sessions", given: token) { DoctorToken.sessions($0, $1) }
    let pin = await examination.step("pin", given: token.given(state).and(source)) { try DoctorPIN.look($0.0, $0.1, $1) }
    _ = await examination.step("login", given: token.given(pin, mechanisms)) {
      try await DoctorPIN.logIn($0, $1, isWanted: login)
    }

    _ = await examination.step("clock", given: .yes(())) { DoctorClock.look(tokenOf: chosen, at: Date()) }
    _ = await examination.step("state", given: context) { try DoctorService.state($0) }
    _ = await examination.step("certificates", given: token) { try await DoctorRecords.compare($0, $1) }
    _ = await examination.step("trust", given: context) { try DoctorService.trust($0, at: Date()) }
    _ = await examination.step("service", given: context) { try await DoctorService.connect($0, isOffline: offline) }
    return examination.steps
  }
}
