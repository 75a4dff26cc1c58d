import Foundation
import TestSupport
import Testing
import X509

@testable import XMLSignature

@Suite(.enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)))
struct OfficialSampleTests {
  static let samples: [String] = {
    let folder = OfficialMaterial.folder.appending(path: "incomes-register").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".xml") }.sorted()
  }()

  @Test("There are samples")
  func present() { #expect(Self.samples.count >= 6) }

  @Test("Every official sample verifies", arguments: samples)
  func verifies(sample: String) throws {
    let verified = try EnvelopedSignatureVerifier().verify(OfficialMaterial.bytes("incomes-register/\(sample)"))
    #expect(verified.root.name.localName == "WageReportRequestToIR")
    #expect(verified.root.elements.map(\.name) == [XMLName("DeliveryData")])
    #expect(verified.transforms == .envelopedOnly)
    #expect("\(verified.signingCertificate.issuer)".contains("Data Providers Test Issuing CA v1"))
  }

  @Test("XML-TRANSFORMS: a verifier that takes the exclusive form only refuses them", arguments: samples.prefix(1))
  func transforms(sample: String) async throws {
    let verifier = EnvelopedSignatureVerifier(transforms: [.envelopedThenExclusiveC14N])
    await expectRefusal(.transforms) { try verifier.verify(OfficialMaterial.bytes("incomes-register/\(sample)")) }
  }
}
