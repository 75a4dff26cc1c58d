import CryptoExtras
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509
import XMLSignature

@testable import ServiceSimulator

@Suite("Renew")
struct RenewalTests {
  @Test(
    "A renewal with either list of transforms gives a new certificate, and the old one stays good", arguments: ReferenceTransforms.allCases)
  func renewal(transforms: ReferenceTransforms) async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { bench in
      let old = try await bench.customerCertificate()
      let newKey = try _RSA.Signing.PrivateKey(keySize: .bits2048)
      let reply = try await bench.renew(with: old, transforms: transforms, request: try Workbench.certificateRequest(for: newKey))
      let id = try #require(reply.value("RetrievalId"), "\(reply.body)")
      let new = try #require(try await bench.get(id).certificate)
      #expect(new.publicKey == Certificate.PublicKey(newKey.publicKey) && new.subject.commonName == old.subject.commonName)
      #expect(new.serialNumber != old.serialNumber && new.subject != old.subject)
      #expect(try await bench.renew(with: old).isOK)
    }
  }

  /// The same request, signed by a program that shares no code with us.
  @Test("A renewal that xmlsec1 signed is accepted", arguments: [true, false])
  func foreignSigner(exclusive: Bool) async throws {
    try await Workbench.with { bench in
      let old = try await bench.customerCertificate()
      let key = try bench.folder.write(Array(try Workbench.customerKey.get().pemRepresentation.utf8), to: "key.pem")
      let certificate = try bench.folder.write(Array(try old.serializeAsPEM().pemString.utf8), to: "certificate.pem")
      let transform = exclusive ? "<Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>" : ""
      let template = """
        <Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>\
        <CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>\
        <SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI=""><Transforms>\
        <Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>\(transform)</Transforms>\
        <DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference></SignedInfo><SignatureValue/>\
        <KeyInfo><X509Data><X509Certificate/></X509Data></KeyInfo></Signature>
        """
      let payload = Messages.renew(request: try Workbench.certificateRequest(), signature: template)
      let unsigned = try bench.folder.write(Array(payload.utf8), to: "template.xml")
      let result = try await run("xmlsec1", ["--sign", "--privkey-pem", "\(key),\(certificate)", unsigned])
      #expect(result.succeeded, "\(result.standardError)")
      let signed = result.standardOutput.split(separator: "\n", maxSplits: 1)[1]
      let reply = try await bench.post(Messages.envelope(String(signed)), action: "renewCertificate")
      #expect(reply.isOK, "\(reply.body)")
    }
  }

  @Test("SIM306: the window opens 60 days before the certificate's end")
  func window() async throws {
    try await Workbench.with { bench in
      let old = try await bench.customerCertificate(daysAgo: 0)
      bench.clock.advance(days: 670, seconds: -1)
      #expect(try await bench.renew(with: old).value("ErrorCode") == "SIM306")
      bench.clock.advance(seconds: 1)
      #expect(try await bench.renew(with: old).isOK)
    }
  }

  @Test("SIM303: an expired certificate renews nothing")
  func expired() async throws {
    try await Workbench.with { bench in
      let old = try await bench.customerCertificate(daysAgo: 0)
      bench.clock.advance(days: 730, seconds: -1)
      #expect(try await bench.renew(with: old).isOK)
      bench.clock.advance(seconds: 2)
      #expect(try await bench.renew(with: old).value("ErrorCode") == "SIM303")
    }
  }

  @Test("SIM304: a revoked certificate renews nothing")
  func revoked() async throws {
    try await Workbench.with { bench in
      let old = try await bench.customerCertificate()
      try await bench.simulator.revoke(serialNumber: old.serialNumber)
      #expect(try await bench.renew(with: old).value("ErrorCode") == "SIM304")
    }
  }

  @Test("SIM305: another customer's certificate renews nothing")
  func otherCustomer() async throws {
    try await Workbench.with { bench in
      let old = try await bench.customerCertificate(customerID: "7654321-0")
      #expect(try await bench.renew(with: old).value("ErrorCode") == "SIM305")
    }
  }

  @Test("SIM302: a certificate of another CA renews nothing, not even the services CA's or one of the same name")
  func otherIssuer() async throws {
    try await Workbench.with { bench in
      let publicKey = Certificate.PublicKey(try Workbench.customerKey.get().publicKey)
      func leaf(_ issuer: CertificateAuthority) throws -> Certificate {
        try LeafProfile.customer(
          publicKey: publicKey, customerID: Messages.customerID, organization: "x", from: bench.clock.now.adding(days: -700), days: 730,
          issuer: issuer)
      }
      func hierarchy(_ keys: SimulatorKeys) throws -> CAHierarchy {
        try CAHierarchy(environment: .test, keys: keys, style: .plain, publicationBase: bench.base, now: bench.clock.now)
      }
      let namesake = try hierarchy(try FaultMaterials.materials().keys)
      #expect(try await bench.renew(with: try leaf(namesake.providers)).value("ErrorCode") == "SIM302")
      #expect(try await bench.renew(with: try leaf(try hierarchy(try Workbench.keys.get()).services)).value("ErrorCode") == "SIM302")
    }
  }

  @Test("SIM301: a renewal that was changed, or signed twice, or by SHA-1, is refused")
  func badSignatures() async throws {
    try await Workbench.with { bench in
      let old = try await bench.customerCertificate()
      let key = Certificate.PrivateKey(try Workbench.customerKey.get())
      let payload = Messages.renew(request: try Workbench.certificateRequest())
      let signer = try EnvelopedSigner(key: key, certificate: old, transforms: .envelopedOnly)
      let signed = String(decoding: try await signer.sign(Array(payload.utf8)), as: UTF8.self)
      let changed = signed.replacing(Messages.customerName, with: "Ab Other Company Oy")
      let weak = payload.replacing("<v:RenewCertificateRequest ", with: "<v:RenewCertificateRequest xmlns:ds=\"\(Namespaces.signature)\" ")
      let sha1 = try WeakSignature.sign(weak, key: key, certificate: old)
      for text in [changed, sha1] {
        let reply = try await bench.post(Messages.envelope(text), action: "renewCertificate")
        #expect(reply.status == 200 && reply.value("ErrorCode") == "SIM301", "\(reply.body)")
      }
      // The schema allows one signature, so a second is not even judged.
      let signature = try #require(signed.firstRange(of: /<Signature[^>]*>.*<\/Signature>/).map { String(signed[$0]) })
      let twice = signed.replacing(signature, with: signature + signature)
      #expect(try await bench.post(Messages.envelope(twice), action: "renewCertificate").status == 500)
      #expect(try await bench.simulator.issuedCertificates() == [old])
    }
  }

  @Test("SIM203: a renewal is held to the key policy too")
  func keyPolicy() async throws {
    try await Workbench.with { bench in
      let large = try Workbench.certificateRequest(for: try _RSA.Signing.PrivateKey(keySize: .bits3072))
      let reply = try await bench.renew(with: try await bench.customerCertificate(), request: large)
      #expect(reply.value("ErrorCode") == "SIM203")
    }
  }
}
