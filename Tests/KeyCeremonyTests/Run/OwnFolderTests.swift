import Foundation
import Secrets
import TestSupport
import Testing

@testable import KeyCeremony

@Suite("What a ceremony goes on from, and what it hands out, is this user's alone")
struct OwnFolderTests {
  private func open(_ path: String, _ mode: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  @Test("a transcript that others can write to is not gone on with (CEREMONY-TRANSCRIPT-FILE)", arguments: [0o620, 0o602])
  func transcript(mode: Int) throws {
    let folder = try TemporaryFolder()
    _ = try TranscriptWriter.create(in: folder.path, opened: try TranscriptFixture().opened())
    _ = try TranscriptWriter.resume(in: folder.path)
    try open(folder.path("transcript.jsonl"), mode)
    let error = refusal { _ = try TranscriptWriter.resume(in: folder.path) }
    #expect(error?.rule == .transcriptFile && error?.message.contains("others can change it") == true)
  }

  @Test("a folder that others can write to takes no share card (CEREMONY-SITE-COMPLETE), and leftovers of one go")
  func cards() throws {
    let folder = try TemporaryFolder()
    let page = HeldSecret(SecretBytes(copying: Array("share".utf8)))
    _ = try ShareCardFile(page, in: folder.path, named: "left.html")
    ShareCardFile.destroyLeftovers(["left.html", "none.html"], in: folder.path)
    #expect(!FileManager.default.fileExists(atPath: folder.path("left.html")))
    try open(folder.path, 0o777)
    #expect { try ShareCardFile(page, in: folder.path, named: "card.html") } throws: {
      ($0 as? CeremonyError)?.message.contains("others can change it") == true
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("card.html")))
  }

  @Test("another user's folder is found out, also by root", .enabled(if: geteuid() == 0, "only root can make one"))
  func owner() throws {
    let folder = try TemporaryFolder()
    #expect(try OwnFolder.objection(to: folder.path) == nil)
    try FileManager.default.setAttributes([.ownerAccountID: 65_534], ofItemAtPath: folder.path)
    #expect(try OwnFolder.objection(to: folder.path, isToBeClosed: true)?.contains("belongs to user 65534") == true)
  }
}
