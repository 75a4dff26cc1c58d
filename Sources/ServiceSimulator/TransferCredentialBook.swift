import Foundation

/// The transfer ids and passwords that orders have given out, and which of them are spent.
///
/// An id is good for one SignNew within 14 days of its sending.
struct TransferCredentialBook {
  struct Entry {
    let customerID: String
    let password: String
    let environment: SimulatedEnvironment
    let sent: Date
    var spent = false
  }

  /// How long a credential can be used, in days.
  static let lifetimeDays = 14

  /// An order, without what it gives out.
  struct Order: Sendable {
    let idDigest: String
    let customerID: String
    let sent: Date
    let isSpent: Bool

    var end: Date { sent.adding(days: TransferCredentialBook.lifetimeDays) }
  }

  private var entries: [String: Entry] = [:]
  private var ids: [String] = []

  /// The latest orders, newest first.
  func latest(_ count: Int) -> [Order] {
    ids.suffix(count).reversed().compactMap { id in
      entries[id].map {
        Order(idDigest: Exchange.digest(ofTransferID: id), customerID: $0.customerID, sent: $0.sent, isSpent: $0.spent)
      }
    }
  }

  /// - Throws: ``SimulatorError`` where a value has a length that the schema does not allow, or the id is in use.
  mutating func add(id: String, _ entry: Entry) throws(SimulatorError) {
    let operation = "add a transfer credential"
    for (name, value, limit) in [("CustomerId", entry.customerID, 30), ("TransferId", id, 32), ("TransferPassword", entry.password, 16)] {
      guard (1...limit).contains(value.unicodeScalars.count) else {
        throw SimulatorError(.transferCredential, operation, "the \(name) does not have 1 to \(limit) characters")
      }
    }
    guard entries[id] == nil else {
      throw SimulatorError(.transferCredential, operation, "the TransferId is in use", hint: "an order has an id of its own")
    }
    entries[id] = entry
    ids.append(id)
  }

  /// Checks a credential without spending it. All the reasons give the same answer.
  func check(
    id: String, password: String, customerID: String, environment: SimulatedEnvironment, at now: Date
  ) throws(ServiceRefusal) {
    guard
      let entry = entries[id], entry.password == password, entry.customerID == customerID, entry.environment == environment,
      !entry.spent, now < entry.sent.adding(days: Self.lifetimeDays)
    else {
      throw ServiceRefusal(.transferCredentials, "the transfer credentials are not valid")
    }
  }

  mutating func spend(id: String) { entries[id]?.spent = true }

  func isSpent(id: String) -> Bool? { entries[id]?.spent }
}
