import Foundation
import ServiceSimulator
import TestSupport

/// What the service has seen of one campaign run, told by the network before it.
struct ServiceWitness: Sendable {
  /// One request of the tool.
  struct Request: Sendable {
    /// `SignNewCertificate`, `RenewCertificate`, `GetCertificate`; nil when too little of it came to tell.
    let operation: String?
    let transferID: String?
    let retrievalID: String?
    /// How often the service was given all of it.
    let deliveries: Int
    /// Whether the answer that the tool may have heard was a FAIL: it must think that nothing was done.
    let isRefused: Bool

    init(_ exchange: FaultProxy.Exchange) {
      let text = String(decoding: exchange.request, as: UTF8.self)
      let answers = exchange.answers.map { String(decoding: $0, as: UTF8.self) }
      operation = text.firstMatch(of: /<(?:\w+:)?(SignNewCertificate|RenewCertificate|GetCertificate)Request/).map { String($0.1) }
      transferID = text.firstMatch(of: /<TransferId>([^<]*)</).map { String($0.1) }
      retrievalID = text.firstMatch(of: /<RetrievalId>([^<]*)</).map { String($0.1) }
      deliveries = exchange.deliveries
      isRefused = answers.last?.contains("<Status>FAIL</Status>") ?? false
    }

    /// A request that may be carried out once only.
    var isOneUse: Bool { operation == "SignNewCertificate" || operation == "RenewCertificate" }
  }

  /// What passed on the network.
  let requests: [Request]
  /// What the service wrote into its log.
  let log: ArraySlice<LoggedRequest>

  init(_ exchanges: ArraySlice<FaultProxy.Exchange>, _ log: ArraySlice<LoggedRequest>) {
    requests = exchanges.map(Request.init)
    self.log = log
  }

  var oneUse: [Request] { requests.filter(\.isOneUse) }

  /// The retrieval ids of all that was carried out, in order, as the agency would tell them, whatever it answered.
  var granted: [String] { log.filter(\.committed).compactMap(\.retrievalID) }

  /// The serial numbers of the certificates that were issued.
  var issued: [String] { log.filter(\.committed).compactMap(\.serial) }
}
