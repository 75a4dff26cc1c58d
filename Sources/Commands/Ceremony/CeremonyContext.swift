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
      bytes = try InputOutput.read(path, operation: "read the rehearsal's transcript")
    } catch let error as CommandError {
      throw CeremonyError(
        .rehearsed, operation: "read the rehearsal", message: error.message, hint: "rehearse with: hsmkey ceremony rehearse PLAN --out FOLDER")
    }
    let demands = demands(on: folder)
    let verified = Result { () throws(CeremonyError) in try VerifiedTranscript.verify(bytes, demands, file: path) }
    return try verified.mapError { refused(folder, $0) }.get()
  }

  private static func demands(on folder: String) -> VerifiedTranscript.Demands {
    var demands = VerifiedTranscript.Demands()
    demands.folder = folder
    return demands
  }

  private static func refused(_ folder: String, _ error: CeremonyError) -> CeremonyError {
    guard error.rule == .transcriptWhole else { return error }
    return CeremonyError(
      error.rule, operation: "verify the rehearsal in \(folder)", message: error.message,
      hint: "it did not come to its end, and a rehearsal cannot be gone on with: rehearse anew, in another folder", underlying: error)
  }
}
