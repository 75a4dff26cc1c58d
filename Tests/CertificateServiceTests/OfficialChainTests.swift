@testable import CertificateService
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509
import XMLSignature

/// The agency's own certificates and messages.
@Suite("Official chains", .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)))
struct OfficialChainTests {
  static let environments = ["production", "test"]
  static let messages = [
    "esimerkki_nt1.xml", "esimerkki_palvelussuhdetiedot_elakkeelle_jaaminen.xml", "esimerkki_poissaolotiedot.xml",
    "esimerkki_takaisinperinta_netto.xml", "esimerkki_tulolajin_vakuuttamistiedon_tyyppi.xml",
    "esimerkki_vakuuttamisen_poikkeustilanne.xml",
  ]

  private func path(_ name: String) -> String { OfficialMaterial.folder.appending(path: "ca/\(name).pem").path }

  private func certificate(_ name: String) throws -> Certificate {
    try #require(PEM.certificates(in: OfficialMaterial.bytes("ca/\(name).pem")).first)
  }

  @Test(
    "each issuing authority validates to its root, from the files as they are", arguments: environments, ["data-providers", "ir-services"])
  func issuing(environment: String, kind: String) async throws {
    let trust = try TrustAnchors(files: [path("\(environment)-root"), path("\(environment)-intermediate")])
    let issuing = try certificate("\(environment)-\(kind)-issuing")
    let time = Date(timeIntervalSince1970: 1_795_000_000)
    #expect(try await trust.chain(of: issuing, at: time).count == 3)
    #expect(try await refusal { try await trust.validate(issuing, at: time) }.rule == .trustLeaf)
    #expect(try await refusal { try await trust.chain(of: issuing, at: Date(timeIntervalSince1970: 2_000_000_000)) }.rule == .trustChain)
    let other = environment == "test" ? "production" : "test"
    let otherTrust = try TrustAnchors(files: [path("\(other)-root"), path("\(other)-intermediate")])
    #expect(try await refusal { try await otherTrust.chain(of: issuing, at: time) }.rule == .trustChain)
  }

  @Test("every published fingerprint is that of the certificate of that name")
  func fingerprints() throws {
    let names = ["root", "intermediate", "data-providers-issuing", "ir-services-issuing"]
    var seen = 0
    for environment in Self.environments {
      for name in names {
        let certificate = try certificate("\(environment)-\(name)")
        let known = try #require(try PublishedAuthority.published(certificate))
        #expect(known.environment.name == environment)
        #expect(certificate.subject.description.contains("CN=\(known.commonName)"))
        seen += 1
      }
    }
    #expect(seen == PublishedAuthority.all.count)
    #expect(try PublishedAuthority.published(TestAuthorities.root.certificate) == nil)
  }

  @Test("a sample message's signer validates at its time under the test authorities, and not otherwise", arguments: messages)
  func signer(name: String) async throws {
    let signer = try EnvelopedSignatureVerifier().verify(OfficialMaterial.bytes("incomes-register/\(name)")).signingCertificate
    let time = signer.notValidBefore.addingTimeInterval(30 * 86400)
    let test = try TrustAnchors(files: [path("test-root"), path("test-intermediate"), path("test-data-providers-issuing")])
    #expect(try await test.validate(signer, at: time).count == 4)
    let late = try await refusal { try await test.validate(signer, at: signer.notValidAfter.addingTimeInterval(2)) }
    #expect(late.rule == .trustChain)
    #expect(late.message.contains("expired at"))
    #expect(try await refusal { try await test.validate(signer, at: signer.notValidBefore.addingTimeInterval(-2)) }.rule == .trustChain)
    let production = try TrustAnchors(
      files: ["production-root", "production-intermediate", "production-data-providers-issuing"].map(path))
    #expect(try await refusal { try await production.validate(signer, at: time) }.rule == .trustChain)
    // Customers' certificates do not sign answers, although root and intermediate are the same.
    let services = try TrustAnchors(files: ["test-root", "test-intermediate", "test-ir-services-issuing"].map(path))
    let message = try await refusal { try await services.validate(signer, at: time) }.message
    #expect(message.contains("Data Providers Test Issuing CA v1") && message.contains("not among the trusted authorities"))
  }

  /// Signature, signer's chain and time in one go, as one who receives such a message does it. The time is the message's own: its
  /// delivery timestamp, if the signer's certificate was valid then. The published samples carry the schema's example, 2001-12-17, from
  /// before the authorities themselves existed; for those it is the day after the certificate began, the earliest at which the message
  /// can have been signed, and at the timestamp the chain must be refused.
  @Test("a sample message holds as a whole: signature, signer's chain and time, and without any of them it does not", arguments: messages)
  func whole(name: String) async throws {
    let message = try OfficialMaterial.bytes("incomes-register/\(name)")
    let trust = try TrustAnchors(files: ["test-root", "test-intermediate", "test-data-providers-issuing"].map(path))
    let verified = try EnvelopedSignatureVerifier().verify(message)
    let signer = verified.signingCertificate
    let delivery = try #require(verified.root.elements.first { $0.name.localName == "DeliveryData" })
    let timestamp = try #require(delivery.elements.first { $0.name.localName == "Timestamp" })
    let delivered = try Date(timestamp.text, strategy: .iso8601)
    let wasValid = signer.notValidBefore <= delivered && delivered <= signer.notValidAfter
    let time = wasValid ? delivered : signer.notValidBefore.addingTimeInterval(86400)
    #expect(try await trust.validate(signer, at: time).count == 4)
    if !wasValid { #expect(try await refusal { try await trust.validate(signer, at: delivered) }.rule == .trustChain) }

    let text = try #require(String(bytes: message, encoding: .utf8))
    let changed = text.replacingOccurrences(of: timestamp.text, with: "2001-12-17T09:30:48Z")
    #expect(changed != text)
    #expect(throws: XMLSignatureError.self) { try EnvelopedSignatureVerifier().verify(Array(changed.utf8)) }
  }

  @Test("a real customer's certificate is accepted for its key, customer and time", arguments: messages)
  func acceptance(name: String) async throws {
    let signer = try EnvelopedSignatureVerifier().verify(OfficialMaterial.bytes("incomes-register/\(name)")).signingCertificate
    let trust = try TrustAnchors(files: ["test-root", "test-intermediate", "test-data-providers-issuing"].map(path))
    let names = signer.subject.flatMap { Array($0) }.filter { $0.type == .RDNAttributeType.commonName }
    let customerID = try #require(names.first.flatMap { String($0.value) })
    let acceptance = CertificateAcceptance(
      publicKey: signer.publicKey, customerID: customerID, options: .init(issuers: trust), expectedIssuer: signer.issuer,
      now: signer.notValidBefore.addingTimeInterval(86400))
    let accepted = try await acceptance.check(ReceivedCertificate(der: try TestAuthorities.der(signer)))
    #expect(accepted.certificate == signer)
  }
}
