import Crypto
import Foundation
import TestSupport
import Testing

@testable import Campaign

/// A real performance, whose record somebody has changed: the tool finds each change, and names it.
@Suite(
  "Records of ceremonies that were tampered with", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct TamperedPerformanceTests {
  private static let accepting = ["ceremony", "verify", "performance", "--accept-prepared-answers"]

  @Test("CEREMONY-TRANSCRIPT-CHAIN, -FILE, -WHOLE and -SEAL: edited, cut after each line, exchanged, spliced, sealed by another")
  func transcript() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      try await place.succeeds(place.performance)
      let whole = try place.text("performance/transcript.jsonl")
      let lines = whole.split(separator: "\n").map(String.init)
      try await place.succeeds(Self.accepting)
      func refused(_ rule: String, _ lines: [String], end: String = "\n") async throws {
        try place.write(lines.joined(separator: "\n") + end, to: "performance/transcript.jsonl")
        try await place.refuses(rule, 6, Self.accepting)
      }
      // One character of an answer; the same, with every digest behind it written anew.
      let edited = lines.map { $0.replacing("\"answer\":\"Example\"", with: "\"answer\":\"Exemple\"") }
      try #require(edited != lines)
      try await refused("CEREMONY-TRANSCRIPT-CHAIN", edited)
      try await refused("CEREMONY-SEAL", Self.chained(edited))
      for count in 1..<lines.count { try await refused("CEREMONY-TRANSCRIPT-WHOLE", Array(lines[..<count])) }
      try await refused("CEREMONY-TRANSCRIPT-WHOLE", lines, end: "")
      var exchanged = lines
      exchanged.swapAt(5, 6)
      try await refused("CEREMONY-TRANSCRIPT-CHAIN", exchanged)
      try await refused("CEREMONY-TRANSCRIPT-CHAIN", Array(lines[..<5] + lines[6...]))
      // A line, the seal, and the second half of another run of the same plan.
      let other = try place.text("rehearsal/transcript.jsonl").split(separator: "\n").map(String.init)
      try await refused("CEREMONY-TRANSCRIPT-CHAIN", Array(lines[..<5] + [other[5]] + lines[6...]))
      try await refused("CEREMONY-TRANSCRIPT-CHAIN", Array(lines.dropLast() + other.suffix(1)))
      try await refused("CEREMONY-SEAL", Self.chained(Array(lines.dropLast() + other.suffix(1))))
      try await refused("CEREMONY-TRANSCRIPT-CHAIN", Array(lines[..<9] + other[9...]))
      try place.write("format: something\n", to: "performance/transcript.jsonl")
      let told = try await place.refuses("CEREMONY-TRANSCRIPT-FILE", 65, Self.accepting + ["--json"])
      #expect(told.code == "input")
    }
  }

  @Test("CEREMONY-SEAL, CEREMONY-FILE-DIGEST, CEREMONY-PEOPLE, CEREMONY-PLAN-CHANGED: another key, file, answerer or plan than is wanted")
  func demands() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      try await place.succeeds(place.performance)
      try await place.refuses("CEREMONY-PEOPLE", 2, ["ceremony", "verify", "performance"], hint: "--accept-prepared-answers")

      try await place.succeeds(["key", "generate", "other", "--algorithm", "ecdsa-p256"] + place.on("payroll"))
      for (key, file) in [("ceremony-2026", "key.pem"), ("other", "other.pem")] {
        try await place.succeeds(["key", "public", key, "--out", file] + place.on("payroll"))
      }
      try await place.succeeds(Self.accepting + ["--key", "key.pem"])
      try await place.refuses("CEREMONY-SEAL", 6, Self.accepting + ["--key", "other.pem"])

      // The page of what happened, and that of another plan.
      let page = ["ceremony", "print", "plan.yaml", "--transcript", "performance", "--rehearsal", "rehearsal", "--out"]
      try await place.succeeds(page + ["page.html"])
      #expect(try place.text("page.html").contains("payroll-2024 is no longer"))
      try place.edit("plan.yaml") { $0 + "#" }
      try await place.refuses("CEREMONY-PLAN-CHANGED", 2, page + ["changed.html"])
      #expect(!place.exists("changed.html"))
      try await place.refuses("CEREMONY-PLAN-CHANGED", 2, Self.accepting + ["--plan", "plan.yaml"])

      var signature = try Data(contentsOf: URL(filePath: place.path("performance/statement.sig")))
      signature[signature.count - 1] ^= 1
      try signature.write(to: URL(filePath: place.path("performance/statement.sig")))
      try await place.refuses("CEREMONY-FILE-DIGEST", 6, Self.accepting)
      try FileManager.default.removeItem(atPath: place.path("performance/statement.sig"))
      try await place.refuses("CEREMONY-FILE-DIGEST", 6, Self.accepting, hint: "name the file and not the folder")
      try await place.succeeds(["ceremony", "verify", "performance/transcript.jsonl", "--accept-prepared-answers"])
    }
  }

  /// The lines with digests and numbers that fit, as somebody would write them who knows the format and has no key.
  private static func chained(_ lines: [String]) -> [String] {
    var previous = String(repeating: "0", count: 64)
    var finished = previous
    return lines.enumerated().map { index, line in
      let over = line.contains("\"step\":\"end\"") ? line.replacing(/"over":"[0-9a-f]{64}"/, with: "\"over\":\"\(finished)\"") : line
      let written = over.replacing(/"previous":"[0-9a-f]{64}"/, with: "\"previous\":\"\(previous)\"")
        .replacing(/"entry":\d+,/, with: "\"entry\":\(index),")
      previous = SHA256.hash(data: Data(written.utf8)).map { String(format: "%02x", $0) }.joined()
      if line.contains("\"kind\":\"finished\"") { finished = previous }
      return written
    }
  }
}
