extension ServiceFault {
  /// The service's own refusals, on demand: `refuse-pki020`, `refuse-sim101` … Nothing is committed.
  static let refusals = Refusal.all.map { refusal in
    ServiceFault(
      "refuse-\(refusal.code.rawValue.lowercased())",
      "The answer is a signed FAIL with \(refusal.code), whatever was asked; nothing is committed.", refusal.operations)
  }

  /// The refusal that a fault of ``refusals`` asks for.
  var refusal: Refusal? { Refusal.all.first { rawValue == "refuse-\($0.code.rawValue.lowercased())" } }

  /// A refusal, the operations that can end in it, and its sentence.
  struct Refusal: Sendable {
    let code: SimulatorErrorCode
    let operations: [ServiceOperation]
    let message: String

    static let all = [
      Refusal(code: .transferCredentials, operations: [.signNew], message: "the transfer credentials are not valid"),
      Refusal(code: .notReady, operations: [.get], message: "the certificate is not ready yet"),
      Refusal(code: .unknownRetrieval, operations: [.get], message: "no request of this customer has this RetrievalId"),
      Refusal(code: .environment, operations: [.renew, .get], message: "this is the other environment"),
      Refusal(code: .certificateRequest, operations: [.signNew, .renew], message: "the certificate request cannot be read"),
      Refusal(
        code: .certificateRequestIntegrity, operations: [.signNew, .renew],
        message: "the certificate request's signature does not verify"),
      Refusal(code: .keyPolicy, operations: [.signNew, .renew], message: "the key is not accepted"),
      Refusal(code: .renewalSignature, operations: [.renew], message: "the signature is not valid"),
      Refusal(code: .renewalIssuer, operations: [.renew], message: "the signing certificate was not issued by this service"),
      Refusal(code: .renewalExpired, operations: [.renew], message: "the signing certificate is not valid at this time"),
      Refusal(code: .renewalRevoked, operations: [.renew], message: "the signing certificate is revoked"),
      Refusal(code: .renewalCustomer, operations: [.renew], message: "the signing certificate is not this customer's"),
      Refusal(code: .renewalWindow, operations: [.renew], message: "the renewal window has not opened"),
    ]
  }
}
