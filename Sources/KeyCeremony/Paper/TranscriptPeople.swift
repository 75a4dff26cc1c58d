import Foundation
import KeyEvidence

/// Who acknowledged what, and who signed the transcript.
struct TranscriptPeople {
  private let transcript: AnnotatedTranscript
  private let words: PlanWords

  init(_ transcript: AnnotatedTranscript) {
    self.transcript = transcript
    words = PlanWords(transcript.plan)
  }

  var markup: String {
    PaperParts.section("Acknowledgements", id: "acknowledgements", acknowledgements, style: "whole") + "\n"
      + PaperParts.section("Seal", id: "seal", seal, style: "whole")
  }

  private var acknowledgements: String {
    let numbers = Dictionary(
      transcript.plan.steps.enumerated().map { ($0.element.id, "step \($0.offset + 1), \(HTMLText.escape($0.element.id))") },
      uniquingKeysWith: { first, _ in first })
    let rows = transcript.lines.compactMap { line -> [String]? in
      guard case .acknowledged(let acknowledged) = line.entry.body else { return nil }
      return [
        HTMLText.isolated(words.person(acknowledged.participant)), numbers[acknowledged.step] ?? "at the end",
        TranscriptSteps.means(acknowledged.means) + TranscriptSteps.by(acknowledged.by),
        "\(EvidenceTime.text(line.entry.time).dropFirst(11).dropLast())",
        (acknowledged.over == transcript.opened.planSHA256 ? "the plan " : "the transcript up to there ")
          + HTMLText.digits(acknowledged.over),
      ]
    }
    return PaperParts.table("people-log", ["Name", "Where", "By", "Time", "What the digest was of"], rows)
  }

  private var seal: String {
    guard case .sealed(let sealed)? = transcript.lines.last?.entry.body else {
      return "<p><strong>There is no seal: the transcript has not come to its end, or its end is missing.</strong></p>"
    }
    guard let verified = try? VerifiedStatement.verify(CanonicalJSON.encode(sealed.statement), format: TranscriptSeal.format),
      verified.content == expectedContent
    else { return "<p><strong>The seal does not verify. Do not rely on this transcript.</strong></p>" }
    let signers = verified.signatures.map { signature in
      let participant = transcript.plan.participants.first { $0.acknowledgement == .key(publicKeySHA256: signature.publicKeySHA256) }
      let who =
        signature.role == "key"
        ? "Key of the ceremony" : participant.map { HTMLText.isolated($0.name) } ?? "A key that the plan does not name"
      return """
        <div class="signer"><p><strong>\(who)</strong>, SHA-256 of the public key: \(HTMLText.digits(signature.publicKeySHA256))</p>
        \([UInt8](hexadecimal: signature.publicKeySHA256).map(PaperParts.words) ?? "")</div>
        """
    }
    return "<p class=\"lead\">Signed over everything before it by:</p>\n" + signers.joined(separator: "\n")
  }

  /// What the seal of these lines states.
  private var expectedContent: JSONValue? {
    guard let last = transcript.lines.last, let before = transcript.lines.dropLast().last else { return nil }
    return TranscriptSeal.content(transcript.opened, entries: last.entry.number, head: before.sha256, at: last.entry.time)
  }
}

/// Digests of files and keys, with their words, to be held against another copy by telephone.
struct TranscriptDigests {
  private let transcript: AnnotatedTranscript

  init(_ transcript: AnnotatedTranscript) { self.transcript = transcript }

  var markup: String {
    let blocks = digests.map { digest in
      """
      <div class="signer"><p><strong>\(digest.name)</strong>, SHA-256 \(HTMLText.digits(digest.sha256))</p>
      \([UInt8](hexadecimal: digest.sha256).map(PaperParts.words) ?? "")</div>
      """
    }
    return PaperParts.section("Digests in words", id: "digests", blocks.joined(separator: "\n"))
  }

  /// What has a digest, once each, in the order of the transcript.
  private var digests: [(name: String, sha256: String)] {
    var found: [(name: String, sha256: String)] = []
    func add(_ name: String, _ sha256: String) {
      if !found.contains(where: { $0.sha256 == sha256 }) { found.append((name, sha256)) }
    }
    for line in transcript.lines {
      switch line.entry.body {
      case .fileRead(let file): add("File read: \(HTMLText.isolated(file.file))", file.sha256)
      case .fileWritten(let file): add("File written: \(HTMLText.isolated(file.file))", file.sha256)
      case .stepDone(let done):
        for (name, value) in done.result.sorted(by: { $0.key < $1.key }) {
          if case .string(let text) = value, EvidenceText.isSHA256(text) {
            add("\(HTMLText.escape(done.step)): \(HTMLText.escape(name))", text)
          }
        }
      default: break
      }
    }
    return found
  }
}
