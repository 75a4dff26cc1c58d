import Foundation
import KeyEvidence
import SystemPackage
import TestSupport
import Testing

@testable import KeyCeremony

@Suite("Writing a transcript")
struct TranscriptWriterTests {
  private func begun(_ folder: TemporaryFolder) throws -> TranscriptWriter {
    let writer = try TranscriptWriter.create(in: folder.path, opened: try TranscriptFixture().opened())
    try writer.append(.stepBegun(.init(step: "agree", action: "gate", attempt: 1, intent: ["x": 1])))
    return writer
  }

  @Test("what is appended is in the file, for its owner only, and is resumed")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    #expect(!TranscriptWriter.isBegun(in: folder.path))
    do {
      let writer = try begun(folder)
      #expect(writer.history.count == 2)
      let attributes = try FileManager.default.attributesOfItem(atPath: writer.path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
    #expect(TranscriptWriter.isBegun(in: folder.path))
    let (writer, torn) = try TranscriptWriter.resume(in: folder.path)
    #expect(torn == nil)
    #expect(writer.history.current?.attempts.last?.intent == ["x": 1])
    try writer.append(
      .resumed(.init(after: 2, removedOctets: 0, removedSHA256: nil, answers: .people, tool: TranscriptFixture.tool, siteSHA256: nil)))
    try writer.append(.stepBegun(.init(step: "agree", action: "gate", attempt: 2, intent: [:])))
    let step = writer.history.current
    #expect(step?.attempts.map(\.isInterrupted) == [true, false])
    let reader = try TranscriptReader([UInt8](try Data(contentsOf: URL(filePath: writer.path))))
    #expect(reader.lines.count == 4 && reader.tail.isEmpty && reader.lines.last?.sha256 == writer.history.head)
  }

  @Test("a second one cannot have it (CEREMONY-ONE-RUN), and a second one cannot be begun (CEREMONY-OUTPUT-NEW)")
  func one() throws {
    let folder = try TemporaryFolder()
    var writer: TranscriptWriter? = try begun(folder)
    withExtendedLifetime(writer) {
      let second = refusal { _ = try TranscriptWriter.resume(in: folder.path) }
      #expect(second?.rule.rawValue == "CEREMONY-ONE-RUN")
      #expect(refusal { _ = try TranscriptWriter.create(in: folder.path, opened: try TranscriptFixture().opened()) }?.rule == .oneRun)
    }
    writer = nil
    let new = refusal { _ = try TranscriptWriter.create(in: folder.path, opened: try TranscriptFixture().opened()) }
    #expect(new?.rule.rawValue == "CEREMONY-OUTPUT-NEW")
  }

  @Test("a last line that was not written to its end is cut off and told; a whole one that cannot be read is left alone")
  func torn() throws {
    let folder = try TemporaryFolder()
    let path = try begun(folder).path
    let before = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let part = Array("{\"action\":\"ga".utf8)
    try Data(before + part).write(to: URL(filePath: path))
    do {
      let (writer, torn) = try TranscriptWriter.resume(in: folder.path)
      #expect(torn == .init(octets: part.count, sha256: EvidenceText.sha256(part)))
      #expect(writer.history.count == 2)
    }
    #expect([UInt8](try Data(contentsOf: URL(filePath: path))) == before)

    try Data(before + part + [0x0A]).write(to: URL(filePath: path))
    let error = refusal { _ = try TranscriptWriter.resume(in: folder.path) }
    #expect(error?.rule == .transcriptFile && error?.message.hasPrefix("line 3: ") == true)
    #expect([UInt8](try Data(contentsOf: URL(filePath: path))) == before + part + [0x0A])
  }

  @Test("a run that is not to be gone on with (CEREMONY-RESUME) is left as it is, with a line that was not written to its end")
  func notGoneOnWith() throws {
    let folder = try TemporaryFolder()
    let path = try begun(folder).path
    let torn = [UInt8](try Data(contentsOf: URL(filePath: path))) + Array("{\"action\":\"ga".utf8)
    try Data(torn).write(to: URL(filePath: path))
    let error = refusal {
      _ = try TranscriptWriter.resume(in: folder.path) { history throws(CeremonyError) in
        throw CeremonyError(.resume, operation: "resume", message: "there are \(history.count) entries")
      }
    }
    #expect(error?.rule == .resume && error?.message == "there are 2 entries")
    #expect([UInt8](try Data(contentsOf: URL(filePath: path))) == torn)
  }

  @Test("where not even the first line came to its end nothing was begun: it is begun anew, and not resumed (CEREMONY-RESUME)")
  func tornFirst() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("{\"answers\":".utf8), to: TranscriptWriter.fileName)
    #expect(!TranscriptWriter.isBegun(in: folder.path))
    #expect(refusal { _ = try TranscriptWriter.resume(in: folder.path) }?.rule.rawValue == "CEREMONY-RESUME")
    #expect(try begun(folder).history.count == 2)
    #expect(try TranscriptWriter.resume(in: folder.path).writer.history.count == 2)
  }

  @Test("a disk that is full is told in the system's words, and nothing more is written")
  func fullDisk() throws {
    let file = TranscriptFile(path: "/dev/full", adopting: try FileDescriptor.open(FilePath("/dev/full"), .writeOnly))
    let opened = TranscriptEntry.Body.opened(try TranscriptFixture().opened())
    let (entry, line) = try TranscriptWriter.line(opened, number: 0, previous: TranscriptEntry.noPrevious, at: Date())
    let writer = TranscriptWriter(file, history: try TranscriptHistory(first: entry, sha256: EvidenceText.sha256(line)))
    for _ in 1...2 {
      let error = refusal { try writer.append(.noted(.init(step: nil, text: "x"))) }
      #expect(error?.rule == .transcriptFile && error?.message.contains("No space left on device") == true, "\(error?.message ?? "")")
      #expect(error?.hint?.contains("a performance goes on by the same command") == true)
    }
    // What makes no sense is not written either, and not for the disk.
    #expect(writer.history.count == 1)
  }

  @Test("an entry that could not be read again, or makes no sense there, is not written (CEREMONY-TRANSCRIPT-STEPS)")
  func nonsense() throws {
    let folder = try TemporaryFolder()
    let writer = try begun(folder)
    let size = try Data(contentsOf: URL(filePath: writer.path)).count
    let steps = refusal { try writer.append(.stepBegun(.init(step: "key", action: "generate-key", attempt: 1, intent: [:]))) }
    #expect(steps?.rule.rawValue == "CEREMONY-TRANSCRIPT-STEPS")
    let name = refusal {
      try writer.append(.asked(.init(step: "agree", question: "", participant: "a", text: "", answer: nil, by: .people)))
    }
    #expect(name?.rule == .transcriptFile)
    let long = String(repeating: "x", count: TranscriptEntry.maximumLineSize)
    #expect(refusal { try writer.append(.noted(.init(step: nil, text: long))) }?.rule == .transcriptFile)
    #expect(try Data(contentsOf: URL(filePath: writer.path)).count == size)
    try writer.append(.noted(.init(step: "agree", text: "it goes on")))
  }

  @Test("the whole of a run through the file: it is sealed, verifies, and takes nothing more")
  func sealed() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let fixture = TranscriptFixture()
    let lines = try fixture.lines()
    let writer = try TranscriptWriter.create(in: folder.path, opened: try fixture.opened(), at: TranscriptFixture.start)
    for line in lines.dropFirst().dropLast() {
      let entry = try TranscriptEntry(line: line)
      try writer.append(entry.body, at: entry.time)
    }
    var seal = TranscriptSeal(of: writer.history)
    #expect(refusal { try writer.seal(seal) }?.rule == .seal, "nobody has signed")
    try seal.draft.add(try TranscriptFixture.ceremonyKey.signature("key", of: seal.draft))
    try seal.draft.add(try TranscriptFixture.auditorKey.signature("witness", of: seal.draft))
    try writer.seal(seal)
    #expect(refusal { try writer.append(.noted(.init(step: nil, text: "more"))) }?.rule == .transcriptSteps)
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: writer.path)))
    #expect(try fixture.verify(bytes).sealSHA256 == writer.history.head)
    try Data(bytes + [0x7B]).write(to: URL(filePath: writer.path))
    #expect(refusal { _ = try fixture.verify(bytes + [0x7B]) }?.rule == .transcriptSteps)
  }
}
