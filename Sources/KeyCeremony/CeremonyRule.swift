/// The rules of a ceremony. Each is the name of what refused, in errors, in the transcript, in docs/rules.md and in tests.
public enum CeremonyRule: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  /// The plan is one strict YAML file of the format `hsmkey-ceremony-plan/1`: no unknown key, no field of another step, one document.
  case planFile = "CEREMONY-PLAN-FILE"
  /// What the plan says fits together: every name is declared and used, and a step finds what it needs in the steps before it.
  case planSense = "CEREMONY-PLAN-SENSE"
  /// The site file is one strict YAML file of the format `hsmkey-ceremony-site/1`.
  case siteFile = "CEREMONY-SITE-FILE"
  /// The site names a module, a serial number and sources for everything that the plan wants, and nothing else.
  case siteComplete = "CEREMONY-SITE-COMPLETE"
  /// Prepared answers are one strict YAML file, for this plan, with an answer to each question that is asked.
  case answersFile = "CEREMONY-ANSWERS-FILE"
  /// The plan that is performed is, byte for byte, the one that was rehearsed.
  case planChanged = "CEREMONY-PLAN-CHANGED"
  /// A performance needs a rehearsal of this plan that came to its end and verifies.
  case rehearsed = "CEREMONY-REHEARSED"
  /// A rehearsal approves one performance.
  case approvalOnce = "CEREMONY-APPROVAL-ONCE"
  /// The tool that performs is the one that rehearsed.
  case toolUnchanged = "CEREMONY-TOOL-UNCHANGED"
  /// Apart from keys, times and serial numbers, the performance makes what the rehearsal made.
  case asRehearsed = "CEREMONY-AS-REHEARSED"
  /// A file that the ceremony writes is new.
  case outputNew = "CEREMONY-OUTPUT-NEW"
  /// An input is the file whose SHA-256 the plan names.
  case inputDigest = "CEREMONY-INPUT-DIGEST"
  /// The token is the one whose serial number the site names, or the one that this run has initialised.
  case tokenSerial = "CEREMONY-TOKEN-SERIAL"
  /// The token is in the state that the plan expects: blank, or initialised with the plan's label.
  case tokenState = "CEREMONY-TOKEN-STATE"
  /// Every participant that a gate names acknowledges; one who does not stops the run.
  case participant = "CEREMONY-PARTICIPANT"
  /// Words that are read back are those of the digest.
  case words = "CEREMONY-WORDS"
  /// A share of a PIN is genuine: it is whole and belongs to the set.
  case shareGenuine = "CEREMONY-SHARE-GENUINE"
  /// As many different shares as the threshold wants are there.
  case shareCount = "CEREMONY-SHARE-COUNT"
  /// The second token is another one and holds the same key under the same policy.
  case copy = "CEREMONY-COPY"
  /// The participant stopped the run.
  case stopped = "CEREMONY-STOPPED"
  /// One process at a time works on a run.
  case oneRun = "CEREMONY-ONE-RUN"
  /// A run that is resumed is this plan's, and has not come to its end.
  case resume = "CEREMONY-RESUME"
  /// A transcript is canonical, one entry a line, of known kinds.
  case transcriptFile = "CEREMONY-TRANSCRIPT-FILE"
  /// Each entry holds the digest of the one before it: nothing was edited, left out, put in or moved.
  case transcriptChain = "CEREMONY-TRANSCRIPT-CHAIN"
  /// The transcript goes on to its seal: nothing was cut off.
  case transcriptWhole = "CEREMONY-TRANSCRIPT-WHOLE"
  /// The entries tell the steps of the plan, in its order, each to its end, with what the plan demands.
  case transcriptSteps = "CEREMONY-TRANSCRIPT-STEPS"
  /// The seal verifies, and is the ceremony key's.
  case seal = "CEREMONY-SEAL"
  /// People answered, and no file.
  case people = "CEREMONY-PEOPLE"
  /// A file in the ceremony's folder is the one that the transcript tells of.
  case fileDigest = "CEREMONY-FILE-DIGEST"

  public var description: String { rawValue }
}
