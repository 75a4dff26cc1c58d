import Foundation
import KeyCeremony
import KeyEvidence
import PKCS11
import TokenKeys

extension CommandContext {
  /// What this process provides for a ceremony.
  func ceremonySurroundings() throws -> CeremonySurroundings {
    CeremonySurroundings(
      loadModule: { path, digest in
        try await self.loadModule(at: path, pin: ModulePin(owner: self.modulePin().owner, sha256: digest))
      },
      didLogIn: { LoadedModules.add($0) }, pinMemory: pinMemory, sessions: poolConfiguration, tool: try .running(),
      subject: { try SubjectName.parse($0) },
      explain: { error in
        guard let known = ErrorTranslation.translate(error) else { return .init(code: "internal-fault", rule: nil, message: "\(error)") }
        return .init(code: known.code, rule: known.rule, message: "\(known.operation): \(known.message)")
      })
  }

  /// Holds each module's file against the site, before anything is begun: a slip in the site file then costs no rehearsal.
  func checkModules(of site: SiteBinding) throws {
    let owner = try modulePin().owner
    for token in Array(site.tokens.values) + site.participantKeys.values.map(\.token) {
      let pin = ModulePin(owner: owner, sha256: KeyIdentifier(hexadecimal: token.moduleSHA256)?.bytes)
      do throws(PKCS11Error) {
        try ModuleFile(path: token.module).check(pin)
      } catch {
        guard error.rule == .moduleDigest, let known = ErrorTranslation.translate(error) else { throw error }
        throw CommandError(
          known.exitStatus, code: known.code, rule: known.rule, operation: known.operation, message: known.message,
          hints: ["find out who changed the file; after an upgrade that was meant, its new digest goes into the site file (module-sha256)"])
      }
    }
  }

  /// Who answers a ceremony's questions, and what is told of them.
  ///
  /// - Parameters:
  ///   - answers: a file of prepared answers; nil for the people at the terminal.
  ///   - asEvents: each scene and question is told on stderr, a JSON object a line.
  func ceremonyRoom(_ plan: CeremonyPlan, answers: String?, asEvents: Bool) throws -> any CeremonyRoom {
    let room: any CeremonyRoom =
      if let answers {
        try preparedRoom(plan, CeremonyFiles.answers(answers, for: plan), isSilent: asEvents)
      } else {
        try TerminalRoom(plan: plan)
      }
    return asEvents ? EventRoom(room) : room
  }

  /// Where a ceremony's certificates come from; nil where the site names no configuration.
  func ceremonyDesk(_ site: SiteBinding) throws -> (any CertificateDesk)? {
    guard let configuration = site.configuration else { return nil }
    var options = options
    options.config = configuration
    return LifecycleDesk(context: try CommandContext(options))
  }

  private func preparedRoom(_ plan: CeremonyPlan, _ answers: PreparedAnswers, isSilent: Bool) -> PreparedRoom {
    PreparedRoom(plan: plan, answers: { answers.answer(to: $0) }, tell: { line in if !isSilent { self.progress(line) } })
  }
}

extension CeremonyFiles {
  /// The transcript of a rehearsal that came to its end, with every file that it tells of.
  static func rehearsal(in folder: String) throws -> VerifiedTranscript {
    let path = "\(folder)/\(TranscriptWriter.fileName)"
    let bytes: [UInt8]
    do {
      bytes = try InputOutput.read(path, operation: "read the rehearsal's transcript", limit: TranscriptReader.maximumSize)
    } catch let error as CommandError {
      throw CeremonyError(
        .rehearsed, operation: "read the rehearsal", message: error.message,
        hint: "rehearse with: hsmkey ceremony rehearse PLAN --out FOLDER")
    }
    var demands = VerifiedTranscript.Demands()
    demands.folder = folder
    // A performance that is named here is told to be one, whoever answered in it.
    demands.acceptsPreparedAnswers = true
    let operation = "check the rehearsal in \(folder)"
    do throws(CeremonyError) {
      return try VerifiedTranscript.verify(bytes, demands, file: path)
    } catch {
      guard error.rule == .transcriptWhole else { throw error.during(operation) }
      throw CeremonyError(
        .rehearsed, operation: operation, message: "it did not come to its end: \(error.message)",
        hint: "a rehearsal is not gone on with: rehearse again, into a new folder", underlying: error)
    }
  }

  /// A performance's transcript that verifies, with every file that it tells of, whoever answered.
  static func complete(in folder: String) throws -> VerifiedTranscript {
    let path = "\(folder)/\(TranscriptWriter.fileName)"
    let bytes = try InputOutput.read(path, operation: "read the transcript", limit: TranscriptReader.maximumSize)
    var demands = VerifiedTranscript.Demands()
    demands.folder = folder
    demands.acceptsPreparedAnswers = true
    return try VerifiedTranscript.verify(bytes, demands, file: path)
  }
}
