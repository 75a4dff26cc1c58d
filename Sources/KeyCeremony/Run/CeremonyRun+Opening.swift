import Crypto
import Foundation
import KeyEvidence
import SystemPackage

extension CeremonyRun {
  /// A rehearsal, in a folder of its own. One that is cut off is begun anew in another folder: it costs nobody anything.
  ///
  /// - Throws: `CEREMONY-OUTPUT-NEW` when something is in the folder already.
  public static func rehearsal(
    of plan: CeremonyPlan, on site: SiteBinding, room: any CeremonyRoom, desk: (any CertificateDesk)?, stage: any RehearsalStage,
    surroundings: CeremonySurroundings
  ) throws -> CeremonyRun {
    try makeFolder(site.outputFolder, operation: "begin the rehearsal")
    let opened = opening(plan, mode: .rehearsal, site: nil, approval: nil, room, surroundings)
    let record = RunRecord(try TranscriptWriter.create(in: site.outputFolder, opened: opened), folder: site.outputFolder, isResumed: false)
    return CeremonyRun(
      plan: plan, site: site, mode: .rehearsal, room: room, desk: desk, stage: stage, surroundings: surroundings, rehearsed: nil,
      record: record)
  }

  /// The performance that a rehearsal approves, or what is left of one that was interrupted.
  ///
  /// - Throws: `CEREMONY-APPROVAL-ONCE` when another performance has spent the approval; `CEREMONY-RESUME` when the folder holds a run that
  ///   cannot be gone on with; `CEREMONY-OUTPUT-NEW` when something else is in the folder; `CEREMONY-ONE-RUN` when another process is at
  ///   it.
  public static func performance(
    of plan: CeremonyPlan, on site: SiteBinding, approval: consuming Approval, room: any CeremonyRoom, desk: (any CertificateDesk)?,
    surroundings: CeremonySurroundings
  ) throws -> CeremonyRun {
    let record =
      TranscriptWriter.isBegun(in: site.outputFolder)
      ? try resumed(plan, site, approval, room, surroundings) : try begun(plan, site, approval, room, surroundings)
    try approval.spend(for: record.run)
    return CeremonyRun(
      plan: plan, site: site, mode: .performance, room: room, desk: desk, stage: nil, surroundings: surroundings,
      rehearsed: approval.comparables, record: record)
  }

  /// What a performance came to that is complete and sealed already; nil where there is something left to do.
  ///
  /// - Throws: what ``VerifiedTranscript`` refuses it for.
  public static func completed(
    _ plan: CeremonyPlan, on site: SiteBinding, approval: borrowing Approval
  ) throws -> RunSummary? {
    let path = "\(site.outputFolder)/\(TranscriptWriter.fileName)"
    guard let bytes = FileManager.default.contents(atPath: path).map(Array.init), let reader = try? TranscriptReader(bytes),
      let history = try? TranscriptHistory(reader.lines), history.isSealed, history.opened.planSHA256 == plan.sha256.hexadecimal,
      history.opened.mode == .performance, history.opened.approval?.run == approval.run
    else { return nil }
    var demands = VerifiedTranscript.Demands()
    demands.acceptsPreparedAnswers = true
    demands.folder = site.outputFolder
    let verified = try VerifiedTranscript.verify(bytes, demands, file: path)
    return RunSummary(
      run: history.opened.run, mode: .performance, folder: site.outputFolder, sealSHA256: verified.sealSHA256,
      keySHA256: verified.keySHA256,
      files: Dictionary(history.filesWritten.map { ($0.name, $0.sha256) }) { _, last in last })
  }

  private static func begun(
    _ plan: CeremonyPlan, _ site: SiteBinding, _ approval: borrowing Approval, _ room: any CeremonyRoom,
    _ surroundings: CeremonySurroundings
  ) throws -> RunRecord {
    try approval.checkIsUnspent()
    try makeFolder(site.outputFolder, operation: "begin the ceremony")
    let opened = opening(
      plan, mode: .performance, site: described(site, for: plan), approval: .init(run: approval.run, sealSHA256: approval.sealSHA256), room,
      surroundings)
    return RunRecord(try TranscriptWriter.create(in: site.outputFolder, opened: opened), folder: site.outputFolder, isResumed: false)
  }

  private static func resumed(
    _ plan: CeremonyPlan, _ site: SiteBinding, _ approval: borrowing Approval, _ room: any CeremonyRoom,
    _ surroundings: CeremonySurroundings
  ) throws -> RunRecord {
    let operation = "resume the ceremony in \(site.outputFolder)"
    if let objection = try OwnFolder.objection(to: site.outputFolder) {
      throw CeremonyError(
        .resume, operation: operation, message: "who changed what is there cannot be told: \(objection)",
        hint: "a transcript that others could write may say that steps are done which nobody did; find out, and begin in a new folder")
    }
    let approvedBy = TranscriptEntry.Opened.Approval(run: approval.run, sealSHA256: approval.sealSHA256)
    let tokens = described(site, for: plan).tokens
    let (writer, torn) = try TranscriptWriter.resume(in: site.outputFolder) { history throws(CeremonyError) in
      guard history.opened.planSHA256 == plan.sha256.hexadecimal else {
        throw CeremonyError(
          .planChanged, operation: operation,
          message: "the run there is of the plan with SHA-256 \(history.opened.planSHA256), and this plan has \(plan.sha256.hexadecimal)",
          hint: "name the plan that was begun, or another output folder")
      }
      guard !history.isSealed else {
        throw CeremonyError(
          .resume, operation: operation, message: "the ceremony there is complete and sealed",
          hint: "check it with: hsmkey ceremony verify \(site.outputFolder)")
      }
      guard history.opened.mode == .performance, history.opened.approval == approvedBy else {
        throw CeremonyError(
          .resume, operation: operation, message: "the run there does not rest on this rehearsal",
          hint: "name the rehearsal that it was begun with")
      }
      guard history.opened.site?.tokens == tokens else {
        throw CeremonyError(
          .resume, operation: operation, message: "the site names other modules or serial numbers than when the run was begun",
          hint: "put the site file back as it was (paths and PIN sources may change); on other tokens it is another ceremony, "
            + "with a rehearsal and an output folder of its own")
      }
    }
    let record = RunRecord(writer, folder: site.outputFolder, isResumed: true)
    try record.resumed(
      .init(
        after: writer.history.count, removedOctets: torn?.octets ?? 0, removedSHA256: torn?.sha256,
        answers: room.isAttended ? .people : .prepared, tool: tool(surroundings), siteSHA256: site.sha256.hexadecimal))
    return record
  }

  private static func opening(
    _ plan: CeremonyPlan, mode: TranscriptEntry.Mode, site: TranscriptEntry.Opened.Site?, approval: TranscriptEntry.Opened.Approval?,
    _ room: any CeremonyRoom, _ surroundings: CeremonySurroundings
  ) -> TranscriptEntry.Opened {
    .init(
      run: (0..<16).map { _ in UInt8.random(in: .min ... .max) }.hexadecimal, mode: mode, plan: String(decoding: plan.bytes, as: UTF8.self),
      planSHA256: plan.sha256.hexadecimal, tool: tool(surroundings), site: site, approval: approval,
      answers: room.isAttended ? .people : .prepared)
  }

  private static func tool(_ surroundings: CeremonySurroundings) -> TranscriptEntry.Tool {
    .init(version: surroundings.tool.version, sha256: surroundings.tool.sha256)
  }

  private static func described(_ site: SiteBinding, for plan: CeremonyPlan) -> TranscriptEntry.Opened.Site {
    let keys = plan.participants.compactMap { person -> (String, String)? in
      if case .key(let fingerprint) = person.acknowledgement { (person.id, fingerprint) } else { nil }
    }
    return .init(
      sha256: site.sha256.hexadecimal,
      tokens: site.tokens.mapValues { .init(moduleSHA256: $0.moduleSHA256.lowercased(), serial: $0.serial) },
      participantKeys: Dictionary(keys) { first, _ in first })
  }

  /// Makes the folder, owner-only, or takes an empty one.
  private static func makeFolder(_ path: String, operation: String) throws {
    let manager = FileManager.default
    do {
      if manager.fileExists(atPath: path) {
        let isBegun = TranscriptWriter.isBegun(in: path)
        // A transcript without a whole line is what a run has left that was cut off before it had begun.
        guard !isBegun, try manager.contentsOfDirectory(atPath: path).allSatisfy({ $0 == TranscriptWriter.fileName }) else {
          throw CeremonyError(
            .outputNew, operation: operation,
            message: isBegun
              ? "there is a run in the folder \(path) already" : "the folder \(path) is not empty, and no run was begun in it",
            hint: isBegun ? "a rehearsal is not gone on with: name a new folder" : "name a new folder")
        }
        if let objection = try OwnFolder.objection(to: path, isToBeClosed: true) {
          throw CeremonyError(
            .outputNew, operation: operation, message: "the folder \(path) is not this user's: \(objection)", hint: "name a new folder")
        }
        try manager.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
      } else {
        try manager.createDirectory(
          atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      }
    } catch let error as CeremonyError {
      throw error
    } catch {
      throw CeremonyError(
        .outputNew, operation: operation, message: "the folder \(path) cannot be made: \(CeremonyText.reason(error))",
        hint: "the folder that it is in must be there, and this user must be able to write to it", underlying: error)
    }
  }
}

extension Approval {
  /// The file beside the rehearsal's transcript that names the performance.
  static let spentFileName = "performed-by"

  private var spentPath: String { "\(folder)/\(Self.spentFileName)" }

  /// That no performance has been made with this approval yet.
  borrowing func checkIsUnspent() throws(CeremonyError) {
    if let other = spentBy() { throw Self.spent(other, folder) }
  }

  /// Writes down which performance has spent it.
  borrowing func spend(for performance: String) throws {
    let text = Array("\(performance)\n".utf8)
    do {
      // Two performances may be at it at the same moment, each with a draft of its own.
      try NewFile.place(text, at: FilePath(spentPath), permissions: .ownerReadWrite, writer: performance)
    } catch Errno.fileExists {
      let other = spentBy() ?? "an unknown run"
      guard other == performance else { throw Self.spent(other, folder) }
    } catch let error as Errno {
      throw CeremonyError(
        .approvalOnce, operation: "spend the approval", message: "\(spentPath) cannot be written: \(error)",
        hint: "the rehearsal's folder must be writable: what it approves is written down there", underlying: error)
    }
  }

  private borrowing func spentBy() -> String? {
    FileManager.default.contents(atPath: spentPath).map {
      CeremonyText.shown(String(decoding: $0.prefix(64), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }

  private static func spent(_ run: String, _ folder: String) -> CeremonyError {
    CeremonyError(
      .approvalOnce, operation: "spend the approval", message: "the rehearsal in \(folder) has approved the performance \(run) already",
      hint: "rehearse again: each performance has a rehearsal of its own")
  }
}
