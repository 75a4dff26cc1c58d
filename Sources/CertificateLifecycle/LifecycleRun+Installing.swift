import CertificateService
import Foundation
import SwiftASN1
import X509

/// The installation: beside the key, in the state, in the file for its users, and the program that hears of it.
extension LifecycleRun {
  mutating func store() async throws {
    guard let der = try pending().certificate else { throw unusable("the state says that a certificate was checked, and holds none") }
    let key = try await newKey()
    let certificate = try Certificate(derEncoded: Array(der))
    if lifecycle.acceptance.skipsKeyMatch, certificate.publicKey != key.privateKey.publicKey {
      say("warning: the certificate is not for the key \(key.name): it is kept in the state and not on the token")
    } else {
      say("stores the certificate beside its key on the token")
      try await lifecycle.keys.store(certificate, for: key)
    }
    let installed = InstalledCertificate(keyName: key.name, keyIdentifier: key.identifier, der: der, installedAt: now)
    try save(
      .stored, detail: ["serial": installed.serial(), "key": key.name],
      record: {
        $0.previous.removeAll { $0.der == der }
        if let old = $0.active { $0.previous.insert(old, at: 0) }
        $0.active = installed
        $0.pending?.stage = .stored
      })
  }

  mutating func writeFile() throws {
    guard let active = record.active else { throw unusable("the state says that a certificate was installed, and holds none") }
    if let file = plan.certificateFile {
      say("writes the certificate to \(file)")
      let text = try active.certificate().serializeAsPEM().pemString + "\n"
      if let warning = try CertificateFile.replace(file, with: text, name: plan.name, operation: operation) { say("warning: \(warning)") }
    }
    try save(.fileWritten, detail: plan.certificateFile.map { ["file": $0] } ?? [:]) { $0.stage = .active }
  }

  /// As long as the program fails the operation stays pending, and every later run tries it again: a failure never loses the certificate.
  mutating func tellUsers() async throws {
    guard await lifecycle.afterChange(plan.name) else {
      say("the after-change program failed; it runs again with: hsmkey certificate fetch \(plan.name)")
      return
    }
    try save(.usersTold, record: { $0.pending = nil })
  }
}
