import ArgumentParser
import Foundation
import TokenKeys

/// `hsmkey key sign NAME`
struct KeySignCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Sign a file on the token: a detached signature, as `openssl dgst -verify` reads it.",
    discussion: """
      RSA keys sign with PKCS#1 v1.5, or with PSS (MGF1 with the same hash, a salt as long as the digest); ECDSA signatures are DER. The
      signature is verified in software before it is written. The file has at most 16 MiB.

      Example: hsmkey key sign payroll --in report.pdf --out report.sig
               openssl dgst -sha256 -verify payroll.pem -signature report.sig report.pdf

      For PSS openssl wants -sigopt rsa_padding_mode:pss; for Ed25519 it is openssl pkeyutl -verify -rawin.
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The key's name (label).")
  var name: String

  @Option(name: .customLong("in"), help: ArgumentHelp("The file to sign; - for stdin.", valueName: "file"), completion: .file())
  var input: String

  @Option(help: ArgumentHelp("The new file for the signature; - for stdout.", valueName: "file"), completion: .file())
  var out: String

  @Option(
    help: "sha256, sha384 or sha512; an ECDSA key signs with the one of its size, an Ed25519 key with none.",
    completion: .list(["sha256", "sha384", "sha512"]))
  var hash: String?

  @Flag(help: "RSA-PSS instead of PKCS#1 v1.5.")
  var pss = false

  struct Report: Answer {
    let key: String
    let algorithm: String
    let file: String
    let bytes: Int
    var text: String { "" }
  }

  func validate() throws {
    if common.json && out == "-" { throw ValidationError("--json and --out - both want stdout; write the signature to a file") }
    if let hash, !["sha256", "sha384", "sha512"].contains(hash) {
      throw ValidationError("\(hash) is no hash function here; use sha256, sha384 or sha512")
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    try KeyName.check(name)
    let message = try InputOutput.read(input, operation: "read the file to sign")
    let key = try await context.tokenKeys().key(named: name)
    let algorithm = try signatureAlgorithm(for: key)
    let signature = try await key.sign(message, algorithm: algorithm).encodedRepresentation
    try InputOutput.write(signature, to: out, operation: "write the signature")
    return Report(key: key.name, algorithm: algorithm.rawValue, file: out, bytes: signature.count)
  }

  private func signatureAlgorithm(for key: TokenKey) throws -> KeySignatureAlgorithm {
    let choices = key.algorithm.signatureAlgorithms
    guard let algorithm = choices.first(where: { (hash == nil || $0.hashName == hash) && $0.usesPSS == pss }) else {
      let asked = [pss ? "PSS" : nil, hash].compactMap(\.self).joined(separator: " and ")
      throw CommandError.usage(
        "an \(key.algorithm) key does not sign with \(asked)",
        hint: "leave it out; such a key signs with \(choices.map(\.rawValue).joined(separator: ", "))")
    }
    return algorithm
  }
}
