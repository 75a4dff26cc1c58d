import Foundation
import X509

/// Turns a result into the bytes of an answer, with the faults of signing and structure that are set.
struct ResponseWriter: Sendable {
  let hierarchy: CAHierarchy
  let signer: ResponseSigner
  /// The hierarchy with the same names and other keys.
  let otherHierarchy: @Sendable () throws -> CAHierarchy

  /// How many octets of white space the fault `oversize` appends.
  static let oversize = 4 << 20

  /// - Parameter operation: the one that was asked for, which the answer need not be to.
  func envelope(_ payload: ResponsePayload, _ operation: ServiceOperation, _ exchange: Exchange) async throws -> [UInt8] {
    let element = try await signedElement(payload, operation, exchange)
    var envelope: String
    if exchange.take(.wrapped, operation) {
      envelope = ResponseEnvelope.wrap(try forged(payload).document(), header: element)
    } else if exchange.take(.wrappedInBody, operation) {
      envelope = ResponseEnvelope.wrap(try forged(payload).document() + element)
    } else {
      envelope = ResponseEnvelope.wrap(element)
    }
    if exchange.take(.dtd, operation) { envelope = "<!DOCTYPE SOAP-ENV:Envelope>\n" + envelope }
    if exchange.take(.entity, operation) {
      let status = payload.isOK ? "OK" : "FAIL"
      envelope =
        "<!DOCTYPE SOAP-ENV:Envelope [<!ENTITY status \"\(status)\">]>\n"
        + envelope.replacing("<Status>\(status)</Status>", with: "<Status>&status;</Status>")
    }
    var bytes = Array(envelope.utf8)
    if exchange.take(.oversize, operation) { bytes += [UInt8](repeating: 0x20, count: Self.oversize) }
    return bytes
  }

  private func signedElement(
    _ payload: ResponsePayload, _ operation: ServiceOperation, _ exchange: Exchange
  ) async throws -> String {
    if exchange.take(.unsigned, operation) { return payload.document() }
    var signer = signer
    if exchange.take(.otherCA, operation) {
      let other = try otherHierarchy()
      signer = try ResponseSigner(key: other.responseSignerKey, certificate: other.responseSigner)
    } else if exchange.take(.signedByCustomer, operation) {
      let key = try FaultMaterials.materials().anotherKey
      signer = try ResponseSigner(key: key, certificate: try strangersCertificate())
    }
    var deviation = ResponseSigner.Deviation()
    deviation.usesSHA1 = exchange.take(.sha1, operation)
    deviation.exclusiveTransform = exchange.take(.exclusiveTransform, operation)
    deviation.inPlace = exchange.take(.signedInPlace, operation)
    deviation.withoutCarriageReturns = exchange.take(.noCarriageReturns, operation)
    deviation.tampered = exchange.take(.tampered, operation)
    deviation.twoSignatures = exchange.take(.twoSignatures, operation)
    return try await signer.sign(payload, deviation)
  }

  /// What an attacker would have the client read: an OK with another answer.
  private func forged(_ payload: ResponsePayload) throws -> ResponsePayload {
    let operation = payload.operation
    guard operation == .get else { return .ok(operation, "SIM-FORGED-" + hierarchy.providers.random.hexadecimal(characters: 21)) }
    return .ok(operation, Data(try strangersCertificate().der).base64EncodedString())
  }

  /// A certificate of the customers' CA for a key and a name that are nobody's.
  private func strangersCertificate() throws -> Certificate {
    let issuer = hierarchy.providers
    return try LeafProfile.customer(
      publicKey: FaultMaterials.materials().anotherKey.publicKey, customerID: "SIMULATOR-OTHER", organization: "SIMULATOR other customer",
      from: hierarchy.responseSigner.notValidBefore, days: 5 * 365, issuer: issuer)
  }
}
