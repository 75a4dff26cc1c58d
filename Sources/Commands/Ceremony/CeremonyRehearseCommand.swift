import ArgumentParser
import Foundation
import KeyCeremony

/// `hsmkey ceremony rehearse PLAN`
struct CeremonyRehearseCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "rehearse", abstract: "Rehearse a ceremony: the same plan, on tokens and with a certificate service that are thrown away.",
    discussion: """
      SoftHSM tokens are made for it, with what the plan says is there before, and removed at its end. Steps that talk to the certificate
      service talk to our own simulator on this machine. Everything is signed, checked and written as in earnest, into a new folder; that
      folder then approves one performance of this very plan.

      Questions are asked on the terminal, or answered from a file that `hsmkey ceremony check PLAN --print-answers` begins.

      Example: hsmkey ceremony rehearse first-key.yaml --out rehearsal-1
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The plan's file.", completion: .file())
  var plan: String

  @Option(help: ArgumentHelp("A new folder for transcript and outputs.", valueName: "folder"), completion: .directory)
  var out: String

  @Option(help: ArgumentHelp("Answer from this file and not by people.", valueName: "file"), completion: .file())
  var answers: String?

  @Option(help: ArgumentHelp("SoftHSM's module, where it is not in a usual place.", valueName: "path"), completion: .file())
  var softhsm: String?

  @Option(help: ArgumentHelp("The certificate service simulator, where it is not beside hsmkey.", valueName: "path"), completion: .file())
  var simulator: String?

  func answer(_ context: CommandContext) async throws -> CeremonyReport {
    for path in [out, softhsm ?? "-", simulator ?? "-"] { try InputOutput.refuseURI(path, operation: "rehearse") }
    let plan = try CeremonyFiles.plan(plan)
    let room = try context.ceremonyRoom(plan, answers: answers, asEvents: common.json)
    let folder = URL(filePath: out).path
    let ground = try await RehearsalGround.prepare(
      for: plan, context: context, output: folder, softHSM: softhsm, simulator: simulator)
    let summary: RunSummary
    do {
      var surroundings = try context.ceremonySurroundings()
      surroundings.pinMemory = ground.pinMemory
      summary = try await CeremonyRun.rehearsal(
        of: plan, on: ground.site, room: room, desk: ground.desk, stage: ground, surroundings: surroundings
      ).run()
    } catch {
      await LoadedModules.finalizeAll(saysTrouble: false)
      await ground.end()
      throw error
    }
    await LoadedModules.finalizeAll(saysTrouble: true)
    await ground.end()
    // Nobody is told that it approves anything before that was checked.
    _ = try CeremonyFiles.rehearsal(in: folder)
    return CeremonyReport(summary, of: plan, nextStep: "hsmkey ceremony perform \(self.plan) --site SITE --rehearsal \(out)")
  }
}
