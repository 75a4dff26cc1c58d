import KeyCeremony
import TokenKeys

extension StepAction {
  /// What a step does, on one line.
  var summary: String {
    switch self {
    case .checkToken(let token, .blank): "look at the token \(token): it is blank"
    case .checkToken(let token, .initialised): "look at the token \(token): it is initialised"
    case .initialiseToken(let token): "initialise the token \(token)"
    case .setPIN(let token, .user, let to): "the user PIN of \(token) becomes \(to)"
    case .setPIN(let token, .securityOfficer, let to): "the security officer's PIN of \(token) becomes \(to)"
    case .sharePIN(let pin): "generate the PIN \(pin) and hand out its shares"
    case .combinePIN(let pin): "bring the shares of the PIN \(pin) together"
    case .generateKey(let key, let algorithm, let policy): "generate \(key.inWords), \(algorithm), \(policy.name)"
    case .proveKey(.key(let key), let output): "prove \(key.inWords), as \(output)"
    case .proveKey(.certificate(let token, let name), let output): "prove the key of the certificate \(name) on \(token), as \(output)"
    case .makeRequest(let key, let subject, let output): "certificate request for \(key.inWords), \(subject), as \(output)"
    case .enrolCertificate(let enrolment):
      "get the first certificate \(enrolment.certificate) for \(enrolment.customerName) (\(enrolment.customerID))"
        + ", a new key on \(enrolment.token)" + Self.file(enrolment.output)
    case .renewCertificate(let token, let name, let output): "renew the certificate \(name), a new key on \(token)" + Self.file(output)
    case .importCertificate(let key, let input): "put the certificate \(input) beside \(key.inWords)"
    case .signFile(let key, let input, let hash, let output): "sign \(input) with \(key.inWords), \(hash), as \(output)"
    case .destroyKey(let key, let evenIfCertified):
      "DESTROY \(key.inWords)" + (evenIfCertified ? ", even if it has a valid certificate" : "")
    case .verifyCopy(let key, let on): "see that \(on) holds a copy of \(key.inWords)"
    case .human(let text, let records):
      Self.oneLine(text) + (records.isEmpty ? "" : " (written down: \(records.map(\.id).joined(separator: ", ")))")
    case .readAloud(let subject, let reader, let listener, let count):
      "\(reader) reads \(count) words of \(subject.inWords) aloud, \(listener) types them"
    case .gate(let text, let participants): "GATE for \(participants.joined(separator: ", ")): \(Self.oneLine(text))"
    }
  }

  private static func file(_ output: String?) -> String { output.map { ", as \($0)" } ?? "" }

  private static func oneLine(_ text: String) -> String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}

extension PlanKey {
  fileprivate var inWords: String { "the key \(name) on \(token)" }
}

extension StepAction.ReadAloudSubject {
  fileprivate var inWords: String {
    switch self {
    case .plan: "the plan's digest"
    case .output(let name): "the digest of \(name)"
    case .key(let key): "the digest of \(key.inWords)"
    }
  }
}
