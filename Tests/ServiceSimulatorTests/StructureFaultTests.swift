import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509
import XMLSignature

@testable import ServiceSimulator

@Suite("Faults of structure, result and certificate")
struct StructureFaultTests {
  private static let service = "http://certificates.vero.fi/2017/10/certificateservices"

  @Test(
    "wrapped, wrapped-in-body: the signed response stands aside, a forged one where the answer belongs",
    arguments: [
      ServiceFault.wrapped, .wrappedInBody,
    ])
  func wrapped(fault: ServiceFault) async throws {
    try await Workbench.with { (bench) async throws in
      try bench.simulator.set(fault)
      let reply = try await bench.signNew()
      let root = try XMLDocument(parsing: Array(reply.body.utf8)).root
      let (header, body) = (root.elements[0], root.elements[1])
      let isInHeader = fault == .wrapped
      #expect(header.elements.count == (isInHeader ? 1 : 0) && body.elements.count == (isInHeader ? 1 : 2))
      let signed = isInHeader ? header.elements[0] : body.elements[1]
      let forged = body.elements[0]
      for response in [signed, forged] { #expect(response.name == XMLName(namespace: Self.service, "SignNewCertificateResponse")) }
      #expect(signed.elements.last?.name.localName == "Signature" && forged.elements.last?.name.localName == "Result")
      #expect(signed.elements[0].text != forged.elements[0].text && forged.elements[0].text.hasPrefix("SIM-FORGED-"))
      let aside = isInHeader ? try #require(reply.value("SOAP-ENV:Header")) : String(reply.payload.dropFirst(forgedLength(reply.payload)))
      #expect(try await bench.xmlsecVerifies(aside))
    }
  }

  private func forgedLength(_ payload: String) -> Int {
    let end = "</ser:SignNewCertificateResponse>"
    return payload.distance(from: payload.startIndex, to: payload.firstRange(of: end)?.upperBound ?? payload.startIndex)
  }

  @Test("wrapped: a forged certificate is for another key and customer")
  func wrappedCertificate() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { (bench) async throws in
      let id = try #require(try await bench.signNew().value("RetrievalId"))
      try bench.simulator.set(.wrapped, for: .get)
      let reply = try await bench.get(id)
      let forged = try #require(Messages.content(of: "Certificate", in: reply.payload).flatMap { Data(base64Encoded: $0) })
      let certificate = try Certificate(derEncoded: Array(forged))
      #expect(certificate.subject.commonName == "SIMULATOR-OTHER" && !reply.payload.contains("Signature>"))
    }
  }

  @Test("dtd: there is a document type declaration and nothing else is wrong")
  func documentType() async throws {
    try await Workbench.with { (bench) async throws in
      try bench.simulator.set(.dtd)
      let reply = try await bench.signNew()
      #expect(reply.body.hasPrefix("<!DOCTYPE SOAP-ENV:Envelope>"))
      #expect { try XMLDocument(parsing: Array(reply.body.utf8)) } throws: { ($0 as? XMLSignatureError)?.rule == .documentType }
      #expect(try await bench.xmlsecVerifies(reply.payload))
    }
  }

  @Test("entity: the status is an entity, and a parser that expands it finds a signature that verifies")
  func entity() async throws {
    try await Workbench.with { (bench) async throws in
      try bench.simulator.set(.entity)
      let reply = try await bench.signNew()
      #expect(reply.value("Status") == "&status;" && reply.body.contains("<!ENTITY status \"OK\">"))
      #expect { try XMLDocument(parsing: Array(reply.body.utf8)) } throws: { ($0 as? XMLSignatureError)?.rule == .documentType }
      let expanded = try await run("xmllint", ["--nonet", "--noent", "-"], input: Array(reply.body.utf8)).standardOutput
      let payload = try #require(Messages.content(of: "SOAP-ENV:Body", in: expanded))
      #expect(Messages.content(of: "Status", in: payload) == "OK")
      #expect(try await bench.xmlsecVerifies(payload))
    }
  }

  @Test("oversize: the answer has more than 4 MiB")
  func oversize() async throws {
    try await Workbench.with { (bench) async throws in
      try bench.simulator.set(.oversize)
      let reply = try await bench.signNew()
      #expect(reply.body.utf8.count > 4 << 20)
      #expect(try await bench.xmlsecVerifies(reply.payload))
    }
  }

  @Test(
    "fail-without-error-info, several-error-infos: a signed FAIL, and nothing is committed",
    arguments: [
      (ServiceFault.failWithoutErrorInfo, 0), (.severalErrorInfos, 3),
    ])
  func failures(fault: ServiceFault, count: Int) async throws {
    try await Workbench.with { (bench) async throws in
      try bench.simulator.set(fault, answers: 1)
      let reply = try await bench.signNew()
      #expect(reply.isFail && reply.body.components(separatedBy: "<ErrorInfo>").count == count + 1)
      #expect(try await bench.xmlsecVerifies(reply.payload))
      #expect(try await bench.simulator.isSpent(transferID: Workbench.transferID) == false)
      #expect(try await bench.signNew().isOK)
    }
  }

  @Test("ok-without-retrieval-id: a signed OK with nothing in it")
  func withoutRetrievalID() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { (bench) async throws in
      let id = try #require(try await bench.signNew().value("RetrievalId"))
      try bench.simulator.set(.okWithoutRetrievalID)
      for reply in [try await bench.renew(with: try await bench.customerCertificate()), try await bench.get(id)] {
        #expect(reply.isOK && reply.value("RetrievalId") == nil && reply.value("Certificate") == nil)
        #expect(try await bench.xmlsecVerifies(reply.payload))
      }
    }
  }

  @Test(
    "The certificate is wrong in the one way that was asked for",
    arguments: [
      ServiceFault.certificateForAnotherKey, .certificateForAnotherCustomer, .certificateFromAnotherIssuer,
    ])
  func wrongCertificate(fault: ServiceFault) async throws {
    try await Workbench.with { (bench) async throws in
      let id = try #require(try await bench.signNew().value("RetrievalId"))
      try bench.simulator.set(fault, answers: 1)
      #expect(try await bench.get(id).isFail, "not ready, and the fault waits for a certificate")
      bench.clock.advance(seconds: 20)
      let reply = try await bench.get(id)
      #expect(try await bench.xmlsecVerifies(reply.payload))
      let wrong = try #require(try reply.certificate)
      let right = try #require(try await bench.get(id).certificate)
      #expect((wrong.publicKey != right.publicKey) == (fault == .certificateForAnotherKey))
      #expect((wrong.subject.commonName != right.subject.commonName) == (fault == .certificateForAnotherCustomer))
      #expect((wrong.issuer != right.issuer) == (fault == .certificateFromAnotherIssuer))
      let files = try #require(bench.simulator.trustFiles)
      let chain = fault == .certificateFromAnotherIssuer ? files.servicesChain : files.providersChain
      let leaf = try bench.folder.write(Array(try wrong.serializeAsPEM().pemString.utf8), to: "wrong.pem")
      let result = try await run("openssl", ["verify", "-CAfile", files.providersRoot, "-untrusted", chain, leaf])
      #expect(result.succeeded, "\(result.standardError)")
    }
  }

  @Test("pem-instead-of-der: the element holds the base64 of PEM text of the right certificate")
  func pem() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { (bench) async throws in
      let id = try #require(try await bench.signNew().value("RetrievalId"))
      try bench.simulator.set(.pemInsteadOfDER, answers: 1)
      let octets = try #require(try await bench.get(id).value("Certificate").flatMap { Data(base64Encoded: $0) })
      let certificate = try Certificate(pemEncoded: String(decoding: octets, as: UTF8.self))
      #expect(try await bench.get(id).certificate == certificate)
    }
  }
}
