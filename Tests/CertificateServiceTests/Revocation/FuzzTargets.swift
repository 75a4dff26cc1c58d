@testable import CertificateService

/// What is fuzzed, and what must hold of any input whatever. `scripts/fuzz-revocation` looks for inputs with a coverage-guided fuzzer; the
/// ones it kept, in `Tests/Corpora`, are tried again in every run of the tests.
enum FuzzTarget: String, CaseIterable, Sendable {
  /// The input is octets that should be a revocation list.
  case list = "revocation-list"

  /// Tries one input.
  ///
  /// - Returns: what is wrong; `nil` when everything holds.
  func finding(in input: [UInt8]) -> String? {
    let content: RevocationListContent
    do {
      content = try RevocationListContent(input)
    } catch {
      let rules: Set<ServiceRule> = [.revocationListFormat, .revocationListExtension, .revocationListSize]
      if !rules.contains(error.rule) { return "the error is another's: \(error)" }
      if error.message.isEmpty || error.message.utf8.count > 500 { return "the error says too little or too much: \(error)" }
      if !error.message.unicodeScalars.allSatisfy({ (0x20...0x7E).contains($0.value) }) { return "the error shows what it was given" }
      return nil
    }
    // What is signed, and who is said to have signed it, are octets of the input; nothing is read that is not there.
    if content.signedOctets.startIndex < 2 || content.signedOctets.endIndex > input.count { return "the signed octets are not inside" }
    if content.issuer.first != DERValues.sequence { return "the issuer is no name" }
    if content.algorithm.isEmpty { return "there is no algorithm" }
    // An entry has at least 19 octets.
    if (content.entries.count + content.removedCount) * 19 > input.count { return "more entries than there is room for" }
    if content.entries.keys.contains(where: { $0.isEmpty || $0.count > 32 }) { return "a serial number of no size" }
    if content.entries.values.contains(where: { $0.reason == 8 || $0.reason == 7 }) { return "an entry that is none" }
    // Something more at the end is no list, and neither is less.
    if (try? RevocationListContent(input + [0])) != nil { return "something may follow" }
    if (try? RevocationListContent(input.dropLast())) != nil { return "something may be missing" }
    return (try? RevocationListContent(input)) == content ? nil : "it is read in two ways"
  }
}
