import CryptoExtras
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import ServiceSimulator

@Suite("The customers' certificates")
struct LeafProfileTests {
  private func leaf(organization: String = "Ab Simulator Test Company Oy") throws -> Certificate {
    let hierarchy = try CAHierarchy(
      environment: .test, keys: try Workbench.keys.get(), style: .plain, publicationBase: "http://127.0.0.1:1", now: Date())
    return try LeafProfile.customer(
      publicKey: Certificate.PublicKey(try Workbench.customerKey.get().publicKey), customerID: Messages.customerID,
      organization: organization, from: Date(), days: 730, issuer: hierarchy.providers)
  }

  @Test("The subject is CN, serialNumber, O, C, with the string types of the agency's CA")
  func subject() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(try leaf().serializeAsPEM().pemString.utf8), to: "leaf.pem")
    let result = try await run(
      "openssl", ["x509", "-in", path, "-noout", "-subject", "-nameopt", "sname,utf8,show_type,sep_multiline,lname"])
    let lines = result.standardOutput.split(separator: "\n").dropFirst().map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(lines[0] == "commonName=UTF8STRING:0123456-7")
    #expect(lines[1].wholeMatch(of: /serialNumber=PRINTABLESTRING:[0-9A-F]{32}/) != nil)
    #expect(lines[2] == "organizationName=UTF8STRING:Ab Simulator Test Company Oy")
    #expect(lines[3] == "countryName=PRINTABLESTRING:FI")
    #expect(lines.count == 4)
  }

  @Test("O is cut at 30 characters")
  func organizationIsCut() throws {
    let name = "Ääkkös-Yhtiö ja Pitkänimiset Kumppanit Oy Ab"
    #expect(try leaf(organization: name).subject.organization == String(name.prefix(30)))
  }

  @Test("The extensions are those of the agency's CA, in its order, and no others")
  func extensions() throws {
    let leaf = try leaf()
    let expected: [(ASN1ObjectIdentifier, Bool)] = [
      (.X509ExtensionID.basicConstraints, true), (.X509ExtensionID.authorityKeyIdentifier, false),
      (.X509ExtensionID.authorityInformationAccess, false), (.X509ExtensionID.extendedKeyUsage, false), ([2, 5, 29, 31], false),
      (.X509ExtensionID.subjectKeyIdentifier, false), (.X509ExtensionID.keyUsage, true),
    ]
    #expect(leaf.extensions.map(\.oid) == expected.map(\.0))
    #expect(leaf.extensions.map(\.critical) == expected.map(\.1))
    #expect(try leaf.extensions.extendedKeyUsage == ExtendedKeyUsage([.clientAuth]))
    #expect(try leaf.extensions.keyUsage == KeyUsage(digitalSignature: true, keyEncipherment: true))
  }

  @Test("The lifetime is exactly 730 days, from no later than now, and the serial number has eight octets")
  func lifetimeAndSerial() throws {
    for _ in 0..<8 {
      let leaf = try leaf()
      #expect(leaf.notValidAfter.timeIntervalSince(leaf.notValidBefore) == 730 * 86_400)
      #expect(leaf.notValidBefore <= Date())
      #expect(leaf.serialNumber.bytes.count == 8 && leaf.signatureAlgorithm == .sha256WithRSAEncryption)
    }
  }
}
