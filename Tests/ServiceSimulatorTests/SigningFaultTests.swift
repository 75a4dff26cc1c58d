import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509
import XMLSignature

@testable import ServiceSimulator

/// Each test shows that the bytes are what the fault says.
@Suite("Faults of signing")
struct SigningFaultTests {
  /// One SignNew answer with a fault.
  private func reply(_ fault: ServiceFault, _ body: (Workbench, Workbench.Reply) async throws -> Void) async throws {
    try await Workbench.with { bench in
      try bench.simulator.set(fault, for: .signNew, answers: 1)
      let reply = try await bench.signNew()
      #expect(reply.status == 200 && reply.isOK)
      try await body(bench, reply)
    }
  }

  private func verified(_ reply: Workbench.Reply) throws -> VerifiedDocument {
    try EnvelopedSignatureVerifier().verify(Array(reply.payload.utf8))
  }

  private func expectRule(_ rule: XMLRule, _ reply: Workbench.Reply) {
    #expect { try verified(reply) } throws: { ($0 as? XMLSignatureError)?.rule == rule }
  }

  @Test("unsigned: there is no signature")
  func unsigned() async throws {
    try await reply(.unsigned) { _, reply in
      #expect(!reply.body.contains("Signature>") && reply.value("RetrievalId") != nil)
    }
  }

  @Test("tampered: the signature does not hold over the answer", arguments: ServiceOperation.allCases)
  func tampered(operation: ServiceOperation) async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { bench in
      let id = try #require(try await bench.signNew().value("RetrievalId"))
      try bench.simulator.set(.tampered)
      // The SignNew is a FAIL: its credential is spent.
      let reply =
        switch operation {
        case .signNew: try await bench.signNew()
        case .get: try await bench.get(id)
        default: try await bench.renew(with: try await bench.customerCertificate())
        }
      #expect(try await !bench.xmlsecVerifies(reply.payload))
      expectRule(.digest, reply)
    }
  }

  @Test("other-ca: the signature holds, under a CA of the same name that is not ours")
  func otherCA() async throws {
    try await reply(.otherCA) { (bench, reply) async throws in
      let signer = try verified(reply).signingCertificate
      let ours = try bench.simulator.responseSigner()
      #expect(signer.issuer == ours.issuer && signer.subject == ours.subject && signer.publicKey != ours.publicKey)
      #expect(try await !bench.xmlsecVerifies(reply.payload))
    }
  }

  @Test("signed-by-customer: the signature holds, under the customers' CA of the same root")
  func signedByCustomer() async throws {
    try await reply(.signedByCustomer) { (bench, reply) async throws in
      let signer = try verified(reply).signingCertificate
      #expect(signer.issuer.commonName == "SIMULATOR Data Providers Test Issuing CA v1")
      let leaf = try bench.folder.write(Array(try signer.serializeAsPEM().pemString.utf8), to: "signer.pem")
      let files = try #require(bench.simulator.trustFiles)
      let chain = try await run("openssl", ["verify", "-CAfile", files.providersRoot, "-untrusted", files.providersChain, leaf])
      #expect(chain.succeeded, "\(chain.standardError)")
    }
  }

  @Test("sha1: digest and signature are SHA-1, and xmlsec1 verifies them")
  func sha1() async throws {
    try await reply(.sha1) { (bench, reply) async throws in
      let algorithms = reply.payload.matches(of: /(?:Signature|Digest)Method Algorithm="([^"]*)"/).map { String($0.output.1) }
      #expect(algorithms == ["http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"])
      #expect(try await bench.xmlsecVerifies(reply.payload))
      #expect(throws: XMLSignatureError.self) { try verified(reply) }
    }
  }

  @Test("two-signatures: the signature stands there twice")
  func twoSignatures() async throws {
    try await reply(.twoSignatures) { _, reply in
      let parts = reply.payload.components(separatedBy: "<ds:Signature>")
      #expect(parts.count == 3 && parts[2].hasPrefix(parts[1]))
      expectRule(.oneSignature, reply)
    }
  }

  @Test("exclusive-transform: the second transform is there, and the signature verifies")
  func exclusiveTransform() async throws {
    try await reply(.exclusiveTransform) { (bench, reply) async throws in
      #expect(try verified(reply).transforms == .envelopedThenExclusiveC14N)
      #expect(try await bench.xmlsecVerifies(reply.payload))
    }
  }

  @Test("signed-in-place: the signature holds inside the envelope and not outside")
  func signedInPlace() async throws {
    try await reply(.signedInPlace) { (bench, reply) async throws in
      expectRule(.digest, reply)
      #expect(try await !bench.xmlsecVerifies(reply.payload))
      let document = try XMLDocument(parsing: Array(reply.body.utf8))
      let inPlace = try EnvelopedSignatureVerifier().verify(document, inPlaceAt: [1, 0])
      #expect(inPlace.signingCertificate == (try bench.simulator.responseSigner()))
    }
  }

  @Test("no-carriage-returns: line feeds alone, and the signature verifies")
  func noCarriageReturns() async throws {
    try await reply(.noCarriageReturns) { (bench, reply) async throws in
      #expect(!reply.body.contains("&#13;") && !reply.body.contains("\r") && reply.value("ds:SignatureValue")?.contains("\n") == true)
      #expect(try await bench.xmlsecVerifies(reply.payload))
    }
  }
}
