/// `GetCertificateRequest`: fetch a certificate that SignNew or Renew has ordered. Not signed; may be repeated.
public struct GetCertificateRequest: Hashable, Sendable {
  /// The environment that the request is for; it is sent to no other.
  public let environment: ServiceEnvironment

  /// Whose certificate it is.
  public let customer: Customer

  /// What SignNew or Renew answered.
  public let retrievalID: RetrievalID

  /// A request of these parts, which have been checked already.
  public init(environment: ServiceEnvironment, customer: Customer, retrievalID: RetrievalID) {
    self.environment = environment
    self.customer = customer
    self.retrievalID = retrievalID
  }

  /// The request element as UTF-8, canonical, without an XML declaration.
  public var document: [UInt8] {
    var writer = RequestWriter(capacity: 4096)
    writer.root("GetCertificateRequest") { writer in
      RequestContent.customer(customer, environment: environment, into: &writer)
      writer.element("RetrievalId", retrievalID.text)
    }
    return writer.finish()
  }
}
