import ArgumentParser
import KeyCeremony
import KeyEvidence

/// `hsmkey ceremony verify FOLDER`
///
/// It reads the files that it is told of, and nothing else: no configuration, no module, no token.
struct CeremonyVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check the transcript of a ceremony. Needs no token, no PIN and no configuration.",
    discussion: """
      With the folder, the files that the ceremony wrote are checked as well. Name the key that the ceremony made, or nothing but the
      transcript itself says whose it is. Exit codes: 0 it holds, 2 it holds and is not what you demand or what was rehearsed, 6 it is not
      to be trusted: changed, cut off, put together or not what its plan says, 65 it is no transcript.

      Example: hsmkey ceremony verify first-key-2026 --plan first-key.yaml --rehearsal first-key-rehearsal --key payroll.pem
      """)

  @Argument(help: "The ceremony's folder, or its transcript alone.", completion: .file())
  var transcript: String

  @Option(help: ArgumentHelp("The plan that must have been run, byte for byte.", valueName: "file"), completion: .file())
  var plan: String?

  @Option(
    help: ArgumentHelp("The rehearsal that the performance must rest on: its folder or transcript.", valueName: "folder"),
    completion: .directory)
  var rehearsal: String?

  @Option(
    help: ArgumentHelp(
      "The ceremony key: PEM or DER of it or of its certificate, or the SHA-256 of the public key in hexadecimal.",
      valueName: "file|sha256"),
    completion: .file())
  var key: String?

  @Flag(help: "Take a performance that was answered from a file instead of by people.")
  var acceptPreparedAnswers = false

  @Flag(help: "Answer with one JSON object on stdout.")
  var json = false

  func run() async throws {
    var demands = VerifiedTranscript.Demands()
    demands.acceptsPreparedAnswers = acceptPreparedAnswers
    demands.keySHA256 = try key.map(Self.keySHA256)
    demands.plan = try plan.map { try InputOutput.read($0, operation: "read the plan") }
    demands.rehearsal = try rehearsal.map(Self.rehearsal)
    let verified = try Self.verify(transcript, demands)
    let report = CeremonyVerifyReport(verified, of: transcript, rehearsal: demands.rehearsal, isPlanNamed: plan != nil)
    if report.exitStatus != .done {
      Console.warn("the transcript holds, and the performance made something else than the rehearsal [\(CeremonyRule.asRehearsed)]")
    }
    try Console.give(report, asJSON: json)
  }

  /// What was named as the rehearsal. A performance that is named here is told to be one, whoever answered in it.
  private static func rehearsal(_ path: String) throws -> VerifiedTranscript {
    var demands = VerifiedTranscript.Demands()
    demands.acceptsPreparedAnswers = true
    do {
      return try verify(path, demands)
    } catch let error as CeremonyError {
      throw error.during("verify the rehearsal \(path)")
    }
  }

  private static func verify(_ path: String, _ demands: VerifiedTranscript.Demands) throws -> VerifiedTranscript {
    var demands = demands
    let transcript = try CeremonyFiles.transcript(path)
    demands.folder = transcript.folder
    return try VerifiedTranscript.verify(transcript.bytes, demands, file: transcript.file)
  }

  private static func keySHA256(_ text: String) throws -> String {
    if EvidenceText.isSHA256(text.lowercased()) { return text.lowercased() }
    let key = try PublicKeyFile.read(text, orCertificate: true, operation: "read the ceremony key")
    return EvidenceText.sha256(try key.subjectPublicKeyInfo)
  }
}
