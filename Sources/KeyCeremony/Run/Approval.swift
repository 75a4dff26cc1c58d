public import KeyEvidence

/// That a plan was rehearsed. Only a rehearsal that came to its end and verifies makes one, and one performance spends it.
///
/// The value is spent by handing it over; the file beside the rehearsal's transcript that says so is written before the first step.
public struct Approval: ~Copyable, Sendable {
  /// The plan that was rehearsed.
  public let planSHA256: [UInt8]
  /// The rehearsal's run.
  public let run: String
  /// The SHA-256 of the last line of the rehearsal's transcript, in hexadecimal.
  public let sealSHA256: String
  /// What each step came to that the performance must come to as well.
  let comparables: [String: [String: JSONValue]]
  /// The folder of the rehearsal.
  let folder: String

  /// The approval that a rehearsal gives to a plan.
  ///
  /// - Throws: `CEREMONY-REHEARSED` for the transcript of a performance; `CEREMONY-PLAN-CHANGED` when another plan was rehearsed;
  ///   `CEREMONY-TOOL-UNCHANGED` when another tool did it.
  public init(of rehearsal: VerifiedTranscript, in folder: String, for plan: CeremonyPlan, tool: KeyProof.Tool) throws(CeremonyError) {
    let operation = "hold the rehearsal against the plan"
    let opened = rehearsal.history.opened
    guard opened.mode == .rehearsal else {
      throw CeremonyError(
        .rehearsed, operation: operation, message: "this is the transcript of a performance, and no rehearsal's",
        hint: "rehearse with: hsmkey ceremony rehearse PLAN --out FOLDER")
    }
    guard opened.planSHA256 == plan.sha256.hexadecimal else {
      throw CeremonyError(
        .planChanged, operation: operation,
        message: "the plan's SHA-256 is \(plan.sha256.hexadecimal), and \(opened.planSHA256) was rehearsed",
        hint: "the plan was changed after the rehearsal; rehearse it again, and review it again")
    }
    guard opened.tool.sha256 == tool.sha256 else {
      throw CeremonyError(
        .toolUnchanged, operation: operation, message: "it was rehearsed with another hsmkey (SHA-256 \(opened.tool.sha256))",
        hint: "rehearse again with the tool that performs")
    }
    planSHA256 = plan.sha256
    run = opened.run
    sealSHA256 = rehearsal.sealSHA256
    let done = rehearsal.history.steps.compactMap { step in step.done.map { (step.id, $0.comparable) } }
    comparables = Dictionary(done) { first, _ in first }
    self.folder = folder
  }
}
