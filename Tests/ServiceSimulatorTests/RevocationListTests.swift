import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import ServiceSimulator

@Suite("Revocation lists")
struct RevocationListTests {
  private static let providers = "/crl/DataProvidersTestIssuingCAv1.crl"
  private static let services = "/crl/IRServicesTestIssuingCAv1.crl"
  private static let intermediate = "/crl/VerohallintoIntermediateTestCAv1.crl"

  /// Fetches a list; nothing where there is none.
  private func fetch(_ bench: Workbench, _ path: String = providers) async throws -> (octets: Data, text: String) {
    let file = bench.folder.path("list.der")
    try? FileManager.default.removeItem(atPath: file)
    _ = try await run("curl", ["-s", "--fail", "--max-time", "300", "-o", file, bench.base + path])
    let octets = (try? Data(contentsOf: URL(filePath: file))) ?? Data()
    return (octets, try await run("openssl", ["crl", "-inform", "DER", "-in", file, "-noout", "-text"]).standardOutput)
  }

  /// What `openssl verify` has to say of a certificate by the list that was fetched last.
  private func verify(_ bench: Workbench, _ certificate: Certificate) async throws -> String {
    let leaf = try bench.folder.write(Array(try certificate.serializeAsPEM().pemString.utf8), to: "leaf.pem")
    let crl = bench.folder.path("list.pem")
    _ = try await run("openssl", ["crl", "-inform", "DER", "-in", bench.folder.path("list.der"), "-out", crl])
    let files = try #require(bench.simulator.trustFiles)
    let result = try await run(
      "openssl", ["verify", "-CAfile", files.providersRoot, "-untrusted", files.providersChain, "-crl_check", "-CRLfile", crl, leaf])
    return result.standardOutput + result.standardError
  }

  @Test("Version 2, with the reason of each revocation, and times by the simulated clock")
  func contents() async throws {
    try await Workbench.with({ configuration in
      configuration.clock = (try? ClockSetting(parsing: "2030-05-01")) ?? .machine
      configuration.isClockStopped = true
    }) { bench in
      let (first, second) = (try await bench.customerCertificate(daysAgo: 0), try await bench.customerCertificate(daysAgo: 0))
      try await bench.simulator.perform("revoke \(first.serialNumber.hexadecimal) key-compromise")
      try await bench.simulator.perform("revoke \(second.serialNumber.hexadecimal)")
      let text = try await fetch(bench).text
      for part in [
        "Version 2", "Last Update: May  1 00:00:00 2030 GMT", "Next Update: May  8 00:00:00 2030 GMT", "Key Compromise",
        first.serialNumber.hexadecimal.uppercased(), second.serialNumber.hexadecimal.uppercased(), "X509v3 CRL Number",
        "X509v3 Authority Key Identifier",
      ] { #expect(text.contains(part), "\(part) in \(text)") }
      #expect(text.components(separatedBy: "CRL Reason").count == 2)
    }
  }

  @Test("It is signed once and handed out for an hour, or until something is revoked; its number grows")
  func caching() async throws {
    try await Workbench.with { bench in
      _ = try await bench.customerCertificate()
      let first = try await fetch(bench)
      #expect(try await fetch(bench).octets == first.octets)
      try await bench.simulator.perform("advance 1h")
      let second = try await fetch(bench)
      #expect(second.octets != first.octets)
      try await bench.simulator.perform("revoke latest")
      let third = try await fetch(bench)
      try await bench.simulator.perform("advance 1s")
      #expect(try await fetch(bench).octets == third.octets)
      func number(_ text: String) -> Int? { text.firstMatch(of: /CRL Number:\s+(\d+)/).flatMap { Int($0.1) } }
      let numbers = try [first, second, third].map { try #require(number($0.text), "\($0.text)") }
      #expect(numbers == numbers.sorted() && Set(numbers).count == 3)
    }
  }

  @Test("The response signer and the CAs stand on the list of the CA that issued them")
  func otherIssuers() async throws {
    try await Workbench.with { bench in
      try await bench.simulator.perform("revoke response-signer superseded")
      try await bench.simulator.perform("revoke services-ca ca-compromise")
      let signer = try bench.simulator.responseSigner().serialNumber.hexadecimal.uppercased()
      #expect(try await fetch(bench, Self.services).text.contains(signer))
      #expect(try await fetch(bench, Self.intermediate).text.contains("CA Compromise"))
      #expect(try await fetch(bench).text.contains("No Revoked Certificates"))
    }
  }

  @Test("crl-expired, -not-yet-valid, -forged, -of-another-issuer: lists that OpenSSL refuses for what they are")
  func badLists() async throws {
    try await Workbench.with { bench in
      let certificate = try await bench.customerCertificate()
      for (fault, told) in [
        (ServiceFault.listExpired, "CRL has expired"), (.listNotYetValid, "CRL is not yet valid"), (.listForged, "CRL signature failure"),
        (.listOfAnotherIssuer, "unable to get certificate CRL"),
      ] {
        try bench.simulator.set(fault, answers: 1)
        _ = try await fetch(bench)
        let answer = try await verify(bench, certificate)
        #expect(answer.contains(told), "\(fault): \(answer)")
      }
      _ = try await fetch(bench)
      #expect(try await verify(bench, certificate).contains("OK"))
    }
  }

  @Test("crl-absent, crl-truncated, crl-hang: no list, half a list, no answer")
  func noLists() async throws {
    try await Workbench.with({ $0.hangFor = .milliseconds(20) }) { bench in
      let whole = try await fetch(bench).octets
      try await bench.simulator.perform("fault crl:crl-truncated x1")
      #expect(try await fetch(bench).octets == whole.prefix(whole.count / 2))
      try await bench.simulator.perform("fault crl-absent x1")
      #expect(try await bench.curl(["-s", bench.base + Self.providers]).status == 404)
      try await bench.simulator.perform("fault crl-hang x1")
      let hung = try await bench.curl(["-s", bench.base + Self.providers])
      #expect(hung.curlExitCode != 0 && hung.head.isEmpty)
      #expect(bench.simulator.log().map(\.operation).allSatisfy { $0 == "revocationList" })
      #expect(bench.simulator.log().flatMap(\.faults) == ["crl-truncated", "crl-absent", "crl-hang"])
    }
  }
}
