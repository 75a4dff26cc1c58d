import CertificateService
import Foundation
import Secrets
import TestSupport
import Testing
import XMLSignature

/// Every request is held against the agency's schema by another program.
@Suite("Requests and the official schema", .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)))
struct RequestSchemaTests {
  /// The smallest and the largest that the schema allows. Beyond the first 128 characters, so that length is not counted in octets.
  enum Extent: CaseIterable, Sendable {
    case smallest, largest

    func text(_ maximum: Int) -> String {
      self == .smallest ? "1" : String(repeating: "Ä", count: maximum - 3) + "<&>"
    }
    var certificateRequest: [UInt8] { [UInt8](repeating: 0xA5, count: self == .smallest ? 1 : 10240) }
  }

  private func customer(_ extent: Extent) throws -> Customer {
    try Customer(id: extent.text(30), name: extent == .smallest ? nil : extent.text(100))
  }

  private func validate(_ document: [UInt8]) async throws -> ProgramResult {
    let schema = OfficialMaterial.folder.appending(path: "certificate-service/CertificateServices.xsd").path
    return try await run("xmllint", ["--noout", "--nonet", "--schema", schema, "-"], input: document)
  }

  @Test("SignNewCertificateRequest is valid", arguments: Extent.allCases, [ServiceEnvironment.test, .production])
  func signNew(extent: Extent, environment: ServiceEnvironment) async throws {
    let credentials = try TransferCredentials(id: extent.text(32), password: SecretBytes(copying: Array(extent.text(16).utf8)))
    let request = try SignNewCertificateRequest(
      environment: environment, customer: customer(extent), credentials: credentials, certificateRequestDER: extent.certificateRequest)
    let result = try await validate(request.withDocument { $0 })
    #expect(result.succeeded, "\(result.standardError)")
  }

  @Test("GetCertificateRequest is valid", arguments: Extent.allCases, [ServiceEnvironment.test, .production])
  func get(extent: Extent, environment: ServiceEnvironment) async throws {
    let request = GetCertificateRequest(
      environment: environment, customer: try customer(extent), retrievalID: try RetrievalID(extent.text(32)))
    let result = try await validate(request.document)
    #expect(result.succeeded, "\(result.standardError)")
  }

  @Test("RenewCertificateRequest is valid once it is signed, and not before", arguments: Extent.allCases, ReferenceTransforms.allCases)
  func renew(extent: Extent, transforms: ReferenceTransforms) async throws {
    let request = try RenewCertificateRequest(
      environment: .test, customer: customer(extent), certificateRequestDER: extent.certificateRequest)
    #expect(try await !validate(request.document).succeeded)
    let signed = try await request.signed(by: TestAuthorities.rsaPrivateKey, certificate: TestAuthorities.customer, transforms: transforms)
    let result = try await validate(signed.document)
    #expect(result.succeeded, "\(result.standardError)")
  }

  @Test("the answers that the other tests use are valid by the schema too")
  func answers() async throws {
    let answers = [
      HouseStyleResponse(), HouseStyleResponse(name: "RenewCertificateResponse"),
      HouseStyleResponse(content: HouseStyleResponse.fail()), HouseStyleResponse(content: HouseStyleResponse.fail([("PKI020", "no")])),
      HouseStyleResponse.certificate(try TestAuthorities.der(TestAuthorities.customer)),
    ]
    for answer in answers {
      let result = try await validate(Array(answer.signed().utf8))
      #expect(result.succeeded, "\(result.standardError)")
    }
  }
}
