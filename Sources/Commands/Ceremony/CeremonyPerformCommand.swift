import ArgumentParser
import Foundation
import KeyCeremony
import KeyEvidence
import Secrets

/// `hsmkey ceremony perform PLAN`
struct CeremonyPerformCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "perform", abstract: "Perform a ceremony: the plan that was rehearsed, on the tokens of the site.",
    discussion: """
      The plan must be, byte for byte, the one that was rehearsed, and one rehearsal approves one performance. Everything is written down in
      the site's output folder before and after it happens; at the end the transcript is sealed by the ceremony's key. A performance that
      was interrupted goes on by the same command: what is done is left alone, and one that is complete is only told of.

      Questions are asked on the terminal. `stop` as an answer ends the run, `absent` says that somebody is not here; both can be gone on
      from. --answers-instead-of-people takes the answers from a file, for tests: the transcript says so, and verify refuses it.

      Example: hsmkey ceremony perform first-key.yaml --site site.yaml --rehearsal rehearsal-1
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The plan's file.", completion: .file())
  var plan: String

  @Option(
    help: ArgumentHelp("The site's file: modules, serial numbers, PIN sources, output folder.", valueName: "file"), completion: .file())
  var site: String

  @Option(help: ArgumentHelp("The folder of the rehearsal that approves this.", valueName: "folder"), completion: .directory)
  var rehearsal: String

  @Option(
    help: ArgumentHelp("Answer from this file and not by people: for tests, and no ceremony for anybody who checks it.", valueName: "file"),
    completion: .file())
  var answersInsteadOfPeople: String?

  func answer(_ context: CommandContext) async throws -> CeremonyReport {
    try InputOutput.refuseURI(rehearsal, operation: "read the rehearsal")
    let plan = try CeremonyFiles.plan(plan)
    let site = try CeremonyFiles.site(site, for: plan)
    let surroundings = try context.ceremonySurroundings()
    let folder = URL(filePath: rehearsal).path
    let approval = try Approval(of: try CeremonyFiles.rehearsal(in: folder), in: folder, for: plan, tool: surroundings.tool)
    let nextStep = "hsmkey ceremony verify \(site.outputFolder) --rehearsal \(rehearsal)"
    if let summary = try CeremonyRun.completed(plan, on: site, approval: approval) {
      Console.warn("the ceremony in \(summary.folder) was complete and sealed already: nothing was done")
      return CeremonyReport(summary, of: plan, nextStep: nextStep)
    }
    try context.checkModules(of: site)
    let room = try context.ceremonyRoom(plan, answers: answersInsteadOfPeople, asEvents: common.json)
    let run = try CeremonyRun.performance(
      of: plan, on: site, approval: approval, room: room, desk: try context.ceremonyDesk(site), surroundings: surroundings)
    let summary = try await run.run()
    // Nobody goes home with a transcript that was not looked at as others will look at it.
    _ = try CeremonyFiles.complete(in: summary.folder)
    return CeremonyReport(summary, of: plan, nextStep: nextStep)
  }
}
