import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import ServiceSimulator

@Suite("The simulated CAs")
struct HierarchyTests {
  @Test("The trust files hold a root and a chain that OpenSSL verifies, for both purposes", arguments: SimulatedEnvironment.allCases)
  func trustFilesVerify(environment: SimulatedEnvironment) async throws {
    try await Workbench.with({ $0.environment = environment }) { bench in
      let files = try #require(bench.simulator.trustFiles)
      for (root, chain, leaf) in [
        (files.servicesRoot, files.servicesChain, try bench.simulator.responseSigner()),
        (files.providersRoot, files.providersChain, try await bench.customerCertificate()),
      ] {
        let path = try bench.folder.write(Array(try leaf.serializeAsPEM().pemString.utf8), to: "leaf.pem")
        let result = try await run(
          "openssl", ["verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-check_ss_sig", "-CAfile", root, "-untrusted", chain, path])
        #expect(result.succeeded, "\(result.standardError)")
      }
    }
  }

  @Test("Every name is the agency's with the word SIMULATOR", arguments: SimulatedEnvironment.allCases)
  func names(environment: SimulatedEnvironment) throws {
    let hierarchy = try CAHierarchy(
      environment: environment, keys: try Workbench.keys.get(), style: .plain, publicationBase: "http://127.0.0.1:1", now: Date())
    let test = environment == .test ? "Test " : ""
    #expect(
      hierarchy.authorities.map(\.certificate.subject.commonName) == [
        "SIMULATOR Verohallinto Root \(test)CA v1", "SIMULATOR Verohallinto Intermediate \(test)CA v1",
        "SIMULATOR Data Providers \(test)Issuing CA v1", "SIMULATOR IR Services \(test)Issuing CA v1",
      ])
    for certificate in hierarchy.authorities.map(\.certificate) + [hierarchy.responseSigner] {
      #expect(certificate.subject.organization == "SIMULATOR (not Verohallinto)")
    }
  }

  @Test("Only the production root and intermediate have their names country first")
  func nameOrder() throws {
    for environment in SimulatedEnvironment.allCases {
      let hierarchy = try CAHierarchy(
        environment: environment, keys: try Workbench.keys.get(), style: .plain, publicationBase: "http://127.0.0.1:1", now: Date())
      let first = hierarchy.authorities.map { $0.certificate.subject[0][0].type }
      let country = ASN1ObjectIdentifier.RDNAttributeType.countryName
      let name = ASN1ObjectIdentifier.RDNAttributeType.commonName
      #expect(first == (environment == .production ? [country, country, name, name] : [name, name, name, name]))
    }
  }

  @Test("The quirk of the test CAs: dates before 2050 as GeneralizedTime, and OpenSSL accepts them")
  func earlyGeneralizedTime() async throws {
    try await Workbench.with({ $0.caStyle = CAStyle(generalizedTimeBefore2050: true) }) { bench in
      let files = try #require(bench.simulator.trustFiles)
      #expect(try await times(files.servicesRoot) == ["UTCTIME", "GENERALIZEDTIME"])
      #expect(try await times(files.servicesChain) == ["GENERALIZEDTIME", "GENERALIZEDTIME"])
      let verified = try await run(
        "openssl", ["verify", "-check_ss_sig", "-CAfile", files.servicesRoot, files.servicesChain])
      #expect(verified.succeeded, "\(verified.standardError)")
    }
  }

  private func times(_ path: String) async throws -> [String] {
    try await run("openssl", ["asn1parse", "-in", path]).standardOutput.split(separator: "\n")
      .compactMap { line in ["UTCTIME", "GENERALIZEDTIME"].first { line.contains($0) } }
  }

  @Test("SIMULATOR-FOREIGN-FILE: a file that no simulator wrote is left alone, and nothing is written beside it")
  func foreignFile() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("precious\n".utf8), to: "providers-chain.pem")
    var configuration = ServiceSimulator.Configuration()
    configuration.folder = folder.path
    configuration.keys = try Workbench.keys.get()
    let simulator = try ServiceSimulator(configuration)
    await #expect { try await simulator.start() } throws: { ($0 as? SimulatorError)?.rule == .foreignFile }
    #expect(simulator.endpoint == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["providers-chain.pem"])
    #expect(try String(contentsOfFile: folder.path("providers-chain.pem"), encoding: .utf8) == "precious\n")
  }

  @Test(
    "The agency's own certificates are foreign files too",
    .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)))
  func agencyFile() async throws {
    let folder = try TemporaryFolder()
    try folder.write(try OfficialMaterial.bytes("ca/test-root.pem"), to: "services-root.pem")
    var configuration = ServiceSimulator.Configuration()
    configuration.folder = folder.path
    configuration.keys = try Workbench.keys.get()
    let simulator = try ServiceSimulator(configuration)
    await #expect { try await simulator.start() } throws: { ($0 as? SimulatorError)?.rule == .foreignFile }
  }

  @Test("Trust files of an earlier simulator are replaced")
  func ownFilesAreReplaced() async throws {
    let folder = try TemporaryFolder()
    var seen: Set<String> = []
    for _ in 0..<2 {
      try await Workbench.with({ $0.folder = folder.path }) { bench in
        seen.insert(try String(contentsOfFile: try #require(bench.simulator.trustFiles).servicesRoot, encoding: .utf8))
      }
    }
    #expect(seen.count == 2)
  }

  @Test("The CRL is where the certificate says, verifies, and lists what was revoked")
  func revocationList() async throws {
    try await Workbench.with { bench in
      let certificate = try await bench.customerCertificate()
      let leaf = try bench.folder.write(Array(try certificate.serializeAsPEM().pemString.utf8), to: "leaf.pem")
      let text = try await run("openssl", ["x509", "-in", leaf, "-noout", "-ext", "crlDistributionPoints"]).standardOutput
      let address = try #require(text.firstMatch(of: /URI:(\S+\.crl)/)?.1)
      let crl = bench.folder.path("list.crl")
      func verify() async throws -> ProgramResult {
        _ = try await run("curl", ["-s", "-o", bench.folder.path("list.der"), String(address)])
        _ = try await run("openssl", ["crl", "-inform", "DER", "-in", bench.folder.path("list.der"), "-out", crl])
        let files = try #require(bench.simulator.trustFiles)
        return try await run(
          "openssl",
          ["verify", "-CAfile", files.providersRoot, "-untrusted", files.providersChain, "-crl_check", "-CRLfile", crl, leaf])
      }
      let good = try await verify()
      #expect(good.succeeded, "\(good.standardError)")
      try await bench.simulator.revoke(serialNumber: certificate.serialNumber)
      let revoked = try await verify()
      #expect(!revoked.succeeded && revoked.standardError.contains("certificate revoked"))
    }
  }

  @Test("The CAs' certificates are where the certificates below them say")
  func publishedCertificates() async throws {
    try await Workbench.with { bench in
      let reply = try await run("curl", ["-s", bench.base + "/ca/DataProvidersTestIssuingCAv1.cer", "-o", bench.folder.path("ca.der")])
      #expect(reply.succeeded)
      let der = try Data(contentsOf: URL(filePath: bench.folder.path("ca.der")))
      #expect(try Certificate(derEncoded: Array(der)).subject.commonName == "SIMULATOR Data Providers Test Issuing CA v1")
    }
  }
}
