import Foundation
import KeyEvidence
import SwiftASN1
import TokenKeys
import X509

extension CeremonyRun {
  func certificateDesk(_ frame: StepFrame) throws -> any CertificateDesk {
    guard let desk else {
      throw frame.refusal(.siteComplete, "the site names no configuration of the certificate service", hint: "add: configuration: FILE")
    }
    return desk
  }

  /// `enrol-certificate`
  func enrol(_ enrolment: StepAction.Enrolment, _ frame: StepFrame) async throws -> StepOutcome {
    let keys = try await keys(on: enrolment.token, frame.operation)
    let desk = try certificateDesk(frame)
    guard let order = site.orders[enrolment.order] else {
      throw frame.refusal(.siteComplete, "the site has no order \(enrolment.order)")
    }
    if !frame.isRepeated, let issued = try await desk.inUse(enrolment.certificate, keys: keys) {
      throw frame.refusal(
        .planSense, "a certificate \(enrolment.certificate) is in use already (serial number \(issued.certificate.serialNumber))",
        hint: "nothing was asked for; a certificate that exists is renewed")
    }
    try begin(frame)
    let issued =
      if frame.isRepeated, let done = try await desk.inUse(enrolment.certificate, keys: keys) { done } else {
        try await desk.enrol(enrolment, keys: keys, order: order)
      }
    return try outcome(issued, enrolment.certificate, enrolment.output, ["customer-id": .string(enrolment.customerID)])
  }

  /// `renew-certificate`
  func renew(_ certificate: String, on token: String, _ output: String?, _ frame: StepFrame) async throws -> StepOutcome {
    let keys = try await keys(on: token, frame.operation)
    let desk = try certificateDesk(frame)
    guard let current = try await desk.inUse(certificate, keys: keys) else {
      throw frame.refusal(.planSense, "no certificate \(certificate) is in use", hint: "a first certificate comes from an order")
    }
    let currentSerial = "\(current.certificate.serialNumber)"
    let before = frame.earlierTexts("serial-before").first ?? currentSerial
    try begin(frame, intending: ["serial-before": .string(before)])
    let issued = before == currentSerial ? try await desk.renew(certificate, keys: keys, before: current) : current
    return try outcome(issued, certificate, output, ["serial-before": .string(before)])
  }

  private func outcome(
    _ issued: IssuedCertificate, _ name: String, _ output: String?, _ more: [String: JSONValue]
  ) throws -> StepOutcome {
    let certificate = issued.certificate
    let pem = try certificate.serializeAsPEM()
    let fingerprint = try certificate.publicKey.fingerprint
    let serial = "\(certificate.serialNumber)"
    return StepOutcome(
      result: [
        "certificate": .string(name), "serial": .string(serial), "key": .string(issued.keyName),
        "cka-id": .string(issued.keyIdentifier.hexadecimal), "public-key-sha256": .string(fingerprint),
        "not-after": .string(certificate.notValidAfter.ISO8601Format()), "subject": .string(CeremonyText.shown("\(certificate.subject)")),
      ].merging(more) { own, _ in own },
      // What the service writes into a certificate is its own; the rehearsal's service is another.
      comparable: [
        "certificate": .string(name), "key-algorithm": .string(certificate.publicKey.description.prefix { $0 != " " }.description),
      ],
      files: output.map { [($0, Array("\(pem.pemString)\n".utf8))] } ?? [],
      lines: [
        "certificate \(name), serial number \(serial), valid until \(certificate.notValidAfter.ISO8601Format())",
        "its key is \(issued.keyName); SHA-256 of the public key:",
      ], digest: [UInt8](hexadecimal: fingerprint))
  }

  /// `import-certificate`
  func importCertificate(_ planned: PlanKey, _ input: String, _ frame: StepFrame) async throws -> StepOutcome {
    try begin(frame)
    let keys = try await keys(on: planned.token, frame.operation)
    let key = try await key(planned, frame.operation)
    let bytes = try await read(input, certificateFor: key, frame)
    let certificate: Certificate
    do {
      certificate =
        try bytes.first == 0x30 ? Certificate(derEncoded: bytes) : Certificate(pemEncoded: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw CeremonyError(
        .inputDigest, operation: frame.operation, message: "the input \(input) is no certificate in PEM or DER", underlying: error)
    }
    try await keys.store(certificate, for: key)
    return StepOutcome(
      result: [
        "key": .string(key.name), "serial": .string("\(certificate.serialNumber)"),
        "public-key-sha256": .string(try key.publicKey.fingerprint), "subject": .string(CeremonyText.shown("\(certificate.subject)")),
      ],
      comparable: ["key": .string(key.name)],
      lines: ["the certificate with serial number \(certificate.serialNumber) is beside its key \(key.name)"])
  }
}
