/// Whom a certificate is for.
///
/// The id is not necessarily a Business ID: foreign ids, Incomes Register ids, VAT numbers and the artificial ids of testing are
/// in use too, so only the lengths of the schema are checked.
public struct Customer: Hashable, Sendable {
  /// `CustomerId`: 1 to 30 characters.
  public let id: String

  /// `CustomerName`: 1 to 100 characters, or left out.
  public let name: String?

  /// - Throws: `REQUEST-TEXT`.
  public init(id: String, name: String? = nil) throws(CertificateServiceError) {
    try SchemaText.check(id, element: "CustomerId", maximumLength: 30)
    if let name { try SchemaText.check(name, element: "CustomerName", maximumLength: 100) }
    self.id = id
    self.name = name
  }

  /// Two customers are equal when their texts are the same scalars; Swift's own string equality would also accept texts
  /// that only look the same.
  public static func == (left: Customer, right: Customer) -> Bool {
    left.id.utf8.elementsEqual(right.id.utf8)
      && left.name.map { Array($0.utf8) } == right.name.map { Array($0.utf8) }
  }

  /// Hashes the texts as octets, in agreement with equality.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(Array(id.utf8))
    hasher.combine(name.map { Array($0.utf8) })
  }
}
