import CertificateLifecycle
import CertificateService

/// What became of a consumer that accepts the certificate in use: its proof is kept, and its own file and program get the certificate.
///
/// One consumer's trouble is kept here, so that it does not keep the others from being asked and cut over.
struct ConsumerCutOver: Sendable {
  /// Whether the state keeps that it accepts the certificate.
  private(set) var isProofKept = false
  /// Its file, when it changed.
  private(set) var file: String?
  /// Whether its program ended well; nil where none had to be run.
  private(set) var programSucceeded: Bool?
  /// What stood in the way.
  private(set) var failure: CommandError?

  /// A consumer for which nothing is kept and nothing done.
  init() {}

  /// Keeps the proof, writes the consumer's file, runs its program, and keeps that it ended well: in this order, so that what a run that
  /// is cut off has not done is done by the next.
  init(
    _ proof: ConsumerProof, _ consumer: ConfigurationFile.Consumer, of name: String, _ lifecycle: CertificateLifecycle,
    _ context: CommandContext
  ) async throws {
    do {
      try lifecycle.note(proof, for: name)
      isProofKept = true
      guard consumer.planned.needsCutOver,
        let change = try lifecycle.cutOver(consumer.planned, of: name, toFile: consumer.certificateFile)
      else { return }
      if change.isFileNew { file = consumer.certificateFile }
      if let program = consumer.afterChange {
        let hasSucceeded = await AfterChange.run(
          program, certificate: name, without: context.secretVariables,
          hint: "run it again with: hsmkey certificate probe \(name); until it ends well no earlier certificate is retired",
          progress: { context.progress($0) })
        programSucceeded = hasSucceeded
        guard hasSucceeded else { return }
      }
      try lifecycle.noteTold(consumer.name, of: name, serial: change.serial)
    } catch {
      guard let known = ErrorTranslation.translate(error) else { throw error }
      failure = known
    }
  }
}

extension ConfigurationFile.Consumer {
  /// The consumer as the lifecycle knows it.
  var planned: CertificateConsumer {
    CertificateConsumer(name: name, address: address, needsCutOver: certificateFile != nil || afterChange != nil)
  }
}
