import ArgumentParser
import KeyCeremony

/// `hsmkey ceremony print PLAN`
///
/// It reads the files that it is given, and nothing else: no configuration, no module, no token.
struct CeremonyPrintCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "print", abstract: "Write the script of a ceremony, or what its transcript tells, as a page for paper.",
    discussion: """
      Before the ceremony: the script that everybody holds in hand, with room for times, initials and signatures. With --transcript: the
      same steps with what happened. A page of HTML that prints on A4, without scripts, and fetches nothing. Needs no token and no PIN.

      The page shows what the transcript says; whether that is to be believed is what `hsmkey ceremony verify` tells.

      Example: hsmkey ceremony print first-key.yaml --out script.html
               hsmkey ceremony print first-key.yaml --transcript first-key-2026 --out transcript.html
      """)

  @Argument(help: "The plan.", completion: .file())
  var plan: String

  @Option(
    help: ArgumentHelp("A transcript, or the folder of a rehearsal or performance; it must be this plan's.", valueName: "file or folder"),
    completion: .file())
  var transcript: String?

  @Option(
    help: ArgumentHelp("The rehearsal of that transcript: the page tells where the two differ.", valueName: "file or folder"),
    completion: .file())
  var rehearsal: String?

  @Option(help: ArgumentHelp("Write the page to this new file; - for stdout.", valueName: "file"), completion: .file())
  var out: String

  @Flag(help: "Answer with one JSON object on stdout.")
  var json = false

  func validate() throws {
    if rehearsal != nil && transcript == nil { throw ValidationError("--rehearsal is about a --transcript, which is missing") }
    if json && out == "-" { throw ValidationError("--json and --out - both want stdout") }
  }

  func run() async throws {
    if out != "-" { try InputOutput.refuseExisting(out, operation: Self.operation) }
    let plan = try CeremonyFiles.plan(plan)
    let page =
      if let transcript {
        try AnnotatedTranscript(
          plan, try TranscriptReader(CeremonyFiles.transcript(transcript).bytes),
          rehearsal: try rehearsal.map { try TranscriptReader(CeremonyFiles.transcript($0).bytes) }
        ).html()
      } else { try CeremonyScript(plan).html() }
    try InputOutput.write(Array(page.utf8), to: out, operation: Self.operation)
    if out != "-" { try Console.give(PrintedPage(page: out, plan: plan, transcript: transcript), asJSON: json) }
  }

  private static let operation = "write the page"
}

/// What was written.
struct PrintedPage: Answer {
  let page: String
  let kind: String
  let plan: String
  let planSha256: String

  init(page: String, plan: CeremonyPlan, transcript: String?) {
    self.page = page
    kind = transcript == nil ? "script" : "transcript"
    self.plan = plan.name
    planSha256 = plan.sha256.hexadecimal
  }

  var text: String { "\(page): the \(kind) of the plan \(plan), SHA-256 \(planSha256)" }
}
