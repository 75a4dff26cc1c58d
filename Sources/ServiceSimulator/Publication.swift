import Foundation
import X509

extension ServiceEndpoint {
  /// The certificates and CRLs of the CAs, where the certificates say that they are.
  func publication(_ request: IncomingRequest, _ exchange: Exchange) async throws -> Answer? {
    for authority in hierarchy.authorities {
      let isCertificate = request.path == "/ca/\(authority.publishedName).cer"
      guard isCertificate || request.path == "/crl/\(authority.publishedName).crl" else { continue }
      guard request.method == "GET" else { return .plain(405, "only GET", headers: [("Allow", "GET")]) }
      if isCertificate {
        return Answer(
          status: 200, headers: [("Content-Type", "application/pkix-cert")], body: try authority.certificate.der, note: "-> 200")
      }
      exchange.note { $0.operation = ServiceOperation.revocationList.rawValue }
      return try await revocationList(of: authority, exchange)
    }
    return nil
  }

  private func revocationList(of authority: CertificateAuthority, _ exchange: Exchange) async throws -> Answer {
    func take(_ fault: ServiceFault) -> Bool { exchange.take(fault, .revocationList) }
    if take(.listHangs) { return .nothing("-> no answer for \(configuration.hangFor)", after: configuration.hangFor) }
    if take(.listAbsent) { return .plain(404, "not found") }
    let now = clock.now
    let list: [UInt8]
    if take(.listExpired) {
      list = try await desk.revocationList(of: authority, at: now, madeDaysAgo: 8)
    } else if take(.listNotYetValid) {
      list = try await desk.revocationList(of: authority, at: now, madeDaysAgo: -1)
    } else if take(.listForged) {
      list = try Self.forgedList(of: authority, at: now)
    } else if take(.listOfAnotherIssuer) {
      let other = authority.publishedName == hierarchy.services.publishedName ? hierarchy.providers : hierarchy.services
      list = try await desk.revocationList(of: other, at: now)
    } else {
      list = try await desk.revocationList(of: authority, at: now)
    }
    let body = take(.listTruncated) ? Array(list.prefix(list.count / 2)) : list
    return Answer(status: 200, headers: [("Content-Type", "application/pkix-crl")], body: body, note: "-> 200")
  }

  /// A list that says everything right, and that nothing is revoked; only the key that signed it is not the CA's.
  private static func forgedList(of authority: CertificateAuthority, at now: Date) throws -> [UInt8] {
    let at = CertificateTimes.wholeSecond(now)
    return try CertificateRevocationList(
      issuer: authority, entries: [], number: 1_000_000, thisUpdate: at, nextUpdate: at.adding(days: 7)
    ).signed(with: FaultMaterials.materials().anotherKey)
  }
}
