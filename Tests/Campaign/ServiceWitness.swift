import Foundation
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
    /// The retrieval ids that the service has answered with, heard or not.
    let granted: [String]
    /// Whether the answer that the tool may have heard was a FAIL: it must think that nothing was done.
    let isRefused: Bool

    init(_ exchange: FaultProxy.Exchange) {
      let text = String(decoding: exchange.request, as: UTF8.self)
      let answers = exchange.answers.map { String(decoding: $0, as: UTF8.self) }
      operation = text.firstMatch(of: /<(?:\w+:)?(SignNewCertificate|RenewCertificate|GetCertificate)Request/).map { String($0.1) }
      transferID = text.firstMatch(of: /<TransferId>([^<]*)</).map { String($0.1) }
      retrievalID = text.firstMatch(of: /<RetrievalId>([^<]*)</).map { String($0.1) }
      deliveries = exchange.deliveries
      granted = answers.compactMap { $0.firstMatch(of: /<RetrievalId>([^<]*)</).map { String($0.1) } }
      isRefused = answers.last?.contains("<Status>FAIL</Status>") ?? false
    }

    /// A request that may be carried out once only.
    var isOneUse: Bool { operation == "SignNewCertificate" || operation == "RenewCertificate" }
  }

  let requests: [Request]

  init(_ exchanges: ArraySlice<FaultProxy.Exchange>) { requests = exchanges.map(Request.init) }

  var oneUse: [Request] { requests.filter(\.isOneUse) }

  /// Every retrieval id that was given, in order.
  var granted: [String] { oneUse.flatMap(\.granted) }
}
