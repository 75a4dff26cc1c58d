import Foundation
import Secrets
import SystemPackage
import TestSupport
import Testing

@testable import KeyCeremony

@Suite("Files that a ceremony writes")
struct NewFileTests {
  @Test("a file is put in place whole, and a name that is taken is refused")
  func place() throws {
    let folder = try TemporaryFolder()
    let path = FilePath(folder.path("request.csr"))
    // What an attempt that was cut off has left.
    try folder.write("half".utf8, to: ".request.csr.part")
    try NewFile.place(Array("whole".utf8), at: path)
    #expect(throws: Errno.fileExists) { try NewFile.place(Array("other".utf8), at: path) }
    #expect(try String(contentsOfFile: path.string, encoding: .utf8) == "whole")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["request.csr"])
  }

  @Test("two who place one file at the same moment have drafts of their own, and no output is taken for a draft")
  func drafts() throws {
    let folder = try TemporaryFolder()
    try folder.write("another's".utf8, to: ".performed-by.0a0a.part")
    try folder.write("an output".utf8, to: "request.csr.part")
    try NewFile.place(Array("0b0b".utf8), at: FilePath(folder.path("performed-by")), writer: "0b0b")
    try NewFile.place(Array("request".utf8), at: FilePath(folder.path("request.csr")))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        == [".performed-by.0a0a.part", "performed-by", "request.csr", "request.csr.part"])
    #expect(try String(contentsOfFile: folder.path("performed-by"), encoding: .utf8) == "0b0b")
  }

  @Test("why a file cannot be written is told in the system's words")
  func reason() {
    let full = NSError(domain: NSPOSIXErrorDomain, code: Int(ENOSPC))
    let wrapped = NSError(domain: NSCocoaErrorDomain, code: 640, userInfo: [NSUnderlyingErrorKey: full])
    for error in [Errno.noSpace, full, wrapped] as [any Error] { #expect(CeremonyText.reason(error) == "No space left on device") }
  }

  @Test("a share card can be read by its owner only, replaces a void one, and is overwritten before it goes")
  func card() throws {
    let folder = try TemporaryFolder()
    try folder.write("void".utf8, to: "card.html")
    let page = HeldSecret(SecretBytes(copying: Array("share".utf8)))
    let card = try ShareCardFile(page, in: folder.path, named: "card.html")
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("card.html"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try String(contentsOfFile: folder.path("card.html"), encoding: .utf8) == "share")
    // A second name for the same file shows what is done to it.
    try FileManager.default.linkItem(atPath: folder.path("card.html"), toPath: folder.path("witness"))
    try card.destroy()
    #expect(try Array(Data(contentsOf: URL(filePath: folder.path("witness")))) == [0, 0, 0, 0, 0])
    #expect(!FileManager.default.fileExists(atPath: folder.path("card.html")))
  }

  @Test("a folder that cannot take the card is told (CEREMONY-SITE-COMPLETE)")
  func noFolder() throws {
    let page = HeldSecret(SecretBytes(copying: Array("share".utf8)))
    #expect { try ShareCardFile(page, in: "/nonexistent", named: "card.html") } throws: {
      ($0 as? CeremonyError)?.rule == .siteComplete
    }
  }
}
