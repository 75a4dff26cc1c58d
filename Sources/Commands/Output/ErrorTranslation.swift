import CertificateLifecycle
import CertificateService
import HTTPSTransport
import KeyCeremony
import KeyEvidence
import PKCS11
import Secrets
import StrictYAML
import TokenKeys
import XMLSignature

/// Each room's error as the command line shows it: which exit code, which hints.
enum ErrorTranslation {
  /// Nil for errors that are not ours to explain.
  static func translate(_ error: any Error) -> CommandError? {
    switch error {
    case let error as CommandError: error
    case let error as PKCS11Error: translate(error)
    case let error as TokenKeysError: translate(error)
    case let error as SecretError: translate(error)
    case let error as EvidenceError: translate(error)
    case let error as XMLSignatureError: translate(error)
    case let error as CertificateServiceError: translate(error)
    case let error as LifecycleError: translate(error)
    case let error as AuditError:
      CommandError(
        error.rule == .signer ? .untrustedAnswer : .ruleRefused, code: error.rule == .signer ? "untrusted" : "rule-refused",
        rule: error.rule.rawValue, operation: error.operation, message: error.message, hints: [error.hint])
    case let error as HTTPSTransportError: translate(error)
    case let error as YAMLError: CommandError(error)
    case let error as CeremonyError: translate(error)
    default: nil
    }
  }

  private static func translate(_ error: HTTPSTransportError) -> CommandError {
    // A token that does not sign is the token's matter, whoever had asked for the signature.
    if error.rule == .clientKey, let cause = error.underlying.flatMap(translate) { return cause }
    return CommandError(
      error.requestMayHaveBeenSent ? .uncertainOutcome : .configuration, code: "transport", rule: error.rule.rawValue,
      operation: error.operation, message: error.message, hints: [error.hint])
  }

  private static func translate(_ error: PKCS11Error) -> CommandError {
    let pinTroubles: Set<ReturnValue> = [
      .pinIncorrect, .pinLocked, .pinExpired, .pinInvalid, .pinLengthRange, .pinTooWeak, .userPINNotInitialized,
    ]
    let status: ExitStatus =
      if let returnValue = error.returnValue {
        pinTroubles.contains(returnValue) ? .pin : .tokenOrKey
      } else if [.uriSyntax, .uriAttributeKnown, .uriAttributeOnce, .uriNoPIN, .tokenLabel].contains(error.rule) {
        .usage
      } else if [.modulePath, .moduleAbsolutePath, .moduleOwner, .moduleNotWritable, .moduleLoads].contains(error.rule) {
        .configuration
      } else if [.moduleDigest, .moduleUnchanged].contains(error.rule) {
        .ruleRefused
      } else {
        .tokenOrKey
      }
    // `PKCS11-CALL` only says that a function answered; what it answered is the code.
    let answer = [error.returnValue.map { "\($0)" }, error.function.map { "from \($0)" }].compactMap(\.self).joined(separator: " ")
    let isCall = error.rule == .call
    return CommandError(
      status, code: error.returnValue?.name ?? error.rule.rawValue, rule: isCall ? nil : error.rule.rawValue, operation: error.operation,
      message: answer.isEmpty ? error.message : "\(error.message) (\(answer))",
      hints: [error.hint, error.recovery == .retry ? "it may pass by itself: wait a little and run this again" : nil])
  }

  private static func translate(_ error: TokenKeysError) -> CommandError {
    let statuses: [TokenKeysError.Code: ExitStatus] = [
      .ruleRefused: .ruleRefused, .pinGuarded: .pin, .pinMemory: .configuration, .pinBusy: .notReady,
    ]
    if error.code == .tokenHalfMade, let cause = error.underlying.flatMap(translate) {
      return CommandError(
        cause.exitStatus, code: cause.code, rule: cause.rule, operation: error.operation, message: "\(error.message): \(cause.message)",
        hints: cause.hints + [error.hint])
    }
    return CommandError(
      statuses[error.code] ?? .tokenOrKey, code: error.code.rawValue,
      rule: error.rule?.rawValue, operation: error.operation, message: error.message, hints: [error.hint])
  }

  private static func translate(_ error: SecretError) -> CommandError {
    // The text of a source is the command line's; what the source turns out to be is configuration.
    CommandError(
      error.rule == .source ? .usage : .configuration, code: "secret", rule: error.rule.rawValue, operation: error.operation,
      message: error.message,
      hints: [error.hint])
  }

  private static func translate(_ error: EvidenceError) -> CommandError {
    // What can be read and is not so is not to be trusted; what cannot be read is no evidence at all.
    let isAboutInput = Set<EvidenceRule>([.size, .canonical, .memberOnce, .members, .format, .words]).contains(error.rule)
    return CommandError(
      isAboutInput ? .inputData : .untrustedAnswer, code: isAboutInput ? "input" : "untrusted", rule: error.rule.rawValue,
      operation: error.operation, message: "at \(error.where): \(error.message)", hints: [error.hint])
  }

  private static func translate(_ error: XMLSignatureError) -> CommandError {
    CommandError(
      error.rule.isAboutInput ? .inputData : .untrustedAnswer, code: error.rule.isAboutInput ? "input" : "untrusted",
      rule: error.rule.rawValue,
      operation: error.operation, message: error.message, hints: [error.hint ?? error.rule.sizeHint])
  }

  private static func translate(_ error: CertificateServiceError) -> CommandError {
    let statuses: [ServiceErrorCode: ExitStatus] = [
      .refused: .serviceRefused, .untrusted: .untrustedAnswer, .uncertain: .uncertainOutcome, .unreachable: .unreachable,
      .invalidRequest: .inputData, .invalidInput: .inputData,
    ]
    let codes = error.errorInformation.map { "the service says \($0)" }
    // Where no rule of the service's room spoke, the transport's did: no answer came, or none that it lets through.
    let transport = (error.underlying as? TransportFailure)?.underlying as? HTTPSTransportError
    return CommandError(
      statuses[error.code] ?? .internalFault, code: error.code.rawValue, rule: error.rule?.rawValue ?? transport?.rule.rawValue,
      operation: error.operation, message: error.message, hints: codes + [error.hint])
  }

  private static func translate(_ error: CeremonyError) -> CommandError {
    let (status, code): (ExitStatus, String) =
      switch error.rule {
      case .planFile, .planSense, .answersFile, .transcriptFile: (.inputData, "input")
      case .siteFile, .siteComplete: (.configuration, "configuration")
      case .seal, .transcriptChain, .transcriptWhole, .transcriptSteps, .fileDigest: (.untrustedAnswer, "untrusted")
      case .oneRun: (.notReady, "not-ready")
      default: (.ruleRefused, "rule-refused")
      }
    return CommandError(
      status, code: code, rule: error.rule.rawValue, operation: error.operation, message: error.message, hints: [error.hint])
  }

  private static func translate(_ error: LifecycleError) -> CommandError {
    let statuses: [LifecycleError.Code: ExitStatus] = [
      .ruleRefused: .ruleRefused, .notReady: .notReady, .outcomeUncertain: .uncertainOutcome, .nothingToDo: .tokenOrKey,
      .inputMissing: .usage, .unreachable: .unreachable,
      .stateUnusable: .configuration, .fileNotWritten: .configuration,
    ]
    // Two rules refuse what passes by itself, and what somebody has to mend outside.
    let byRule: [LifecycleRule: ExitStatus] = [.oneWriter: .notReady, .ownerOnly: .configuration]
    return CommandError(
      error.rule.flatMap { byRule[$0] } ?? statuses[error.code] ?? .internalFault, code: error.code.rawValue, rule: error.rule?.rawValue,
      operation: error.operation, message: error.message, hints: [error.hint])
  }
}

extension XMLRule {
  /// What to do about a document whose size is refused.
  var sizeHint: String? {
    self == .size
      ? "signed XML documents have at most \(XMLLimits.standard.maximumBytes >> 20) MiB; hsmkey key sign takes larger files" : nil
  }

  /// Whether the rule is about what was handed in rather than about who signed it.
  fileprivate var isAboutInput: Bool {
    Set([.size, .encoding, .documentType, .processingInstruction, .depth, .nodes, .attributes, .namespaces, .wellFormed]).contains(self)
  }
}
