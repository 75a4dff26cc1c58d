import ArgumentParser
import Foundation
import KeyCeremony

/// `hsmkey ceremony check PLAN`
///
/// It reads the files and nothing else: no configuration, no module, no token.
struct CeremonyCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Read a ceremony's plan, and say what it does, or every mistake with its line.",
    discussion: """
      With --site the site file is read too: whether it names what the plan wants, and nothing else; an input
      that is not there yet is a warning. No token is asked.
      Exit codes: 65 the plan has mistakes, 78 the site file has.

      Example: hsmkey ceremony check first-key.yaml --site first-key.site.yaml
               hsmkey ceremony check first-key.yaml --print-answers > first-key.answers.yaml
      """)

  @Argument(help: "The plan; - for stdin.", completion: .file(extensions: ["yaml"]))
  var plan: String

  @Option(help: ArgumentHelp("The site file of the machine where it is performed.", valueName: "file"), completion: .file())
  var site: String?

  @Flag(help: "Write a file of prepared answers to begin with, for rehearsals, instead.")
  var printAnswers = false

  @Flag(help: "Answer with one JSON object on stdout.")
  var json = false

  func validate() throws {
    if json && printAnswers { throw ValidationError("--print-answers writes a YAML file; leave --json out") }
    if plan == "-" && site == "-" { throw ValidationError("plan and site file cannot both come from stdin") }
  }

  func run() async throws {
    let plan = try CeremonyFiles.plan(plan)
    let site = try site.map { (file: $0, binding: try CeremonyFiles.site($0, for: plan)) }
    if let site { Self.warnOfAbsentInputs(site.binding) }
    if printAnswers {
      try Console.writeAnswer(Array(PreparedAnswers.template(for: plan).utf8))
    } else {
      try Console.give(CeremonyCheckReport(file: self.plan, plan: plan, site: site), asJSON: json)
    }
  }

  private static func warnOfAbsentInputs(_ site: SiteBinding) {
    let absent = site.inputs.filter { !FileManager.default.isReadableFile(atPath: $0.value) }
    for id in absent.keys.sorted() {
      Console.warn("the input \(id) is not there yet, or cannot be read: \(absent[id] ?? ""); it must be there when its step begins")
    }
  }
}
