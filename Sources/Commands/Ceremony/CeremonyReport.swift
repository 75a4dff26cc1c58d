import KeyCeremony
import KeyEvidence

/// What a rehearsal or a performance came to.
struct CeremonyReport: Answer {
  let ceremony: String
  let mode: String
  let run: String
  let folder: String
  let sealSha256: String
  let sealWords: String
  let keySha256: String
  /// SHA-256 by the output's name in the plan.
  let files: [String: String]
  private let nextStep: String

  private enum CodingKeys: CodingKey { case ceremony, mode, run, folder, sealSha256, sealWords, keySha256, files }

  init(_ summary: RunSummary, of plan: CeremonyPlan, nextStep: String) {
    ceremony = plan.name
    mode = summary.mode.rawValue
    run = summary.run
    folder = summary.folder
    sealSha256 = summary.sealSHA256
    sealWords = Self.words(summary.sealSHA256)
    keySha256 = summary.keySHA256
    files = summary.files
    self.nextStep = nextStep
  }

  private static func words(_ digest: String) -> String {
    FingerprintWords.words(for: EvidenceText.bytes(hexadecimal: digest) ?? []).joined(separator: " ")
  }

  var text: String {
    Console.facts(
      [
        (mode, ceremony), ("run", run), ("folder", folder), ("transcript sealed, SHA-256", sealSha256), ("in words", sealWords),
        ("by the key, SHA-256", keySha256),
      ] + files.sorted { $0.key < $1.key }.map { ("wrote \($0.key), SHA-256", $0.value) } + [("next", nextStep)],
      wrappingAt: Console.answerWidth)
  }
}
