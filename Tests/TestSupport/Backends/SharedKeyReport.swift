/// What `conformance-probe` tells of one key that it made, or that another program did.
public struct SharedKeyReport: Codable, Sendable {
  /// In PEM.
  public let publicKey: String
  /// `CKA_ID`, in hexadecimal.
  public let identifier: String
  /// What the library takes it for: `rsa-2048`.
  public let algorithm: String
  /// A signature over the message, where there was one, in X.509's form and base64; made with the key's usual algorithm.
  public let signature: String?
  /// The rules of our policy that the key does not meet.
  public let objections: [String]

  public init(publicKey: String, identifier: String, algorithm: String, signature: String?, objections: [String]) {
    self.publicKey = publicKey
    self.identifier = identifier
    self.algorithm = algorithm
    self.signature = signature
    self.objections = objections
  }
}
