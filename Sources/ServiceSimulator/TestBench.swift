import CryptoExtras
import Foundation
import Synchronization
public import X509

/// The agency's test bench: one standing order with fixed values, which may be used again and again, and two prepared certificates, one for
/// SignNew and one for Renew, for fixed keys, whatever key was asked for.
public struct TestBenchConfiguration: Sendable {
  /// The customer that the order stands for: 1 to 30 characters.
  public var customerID = "0123456-7"
  /// The organization in the certificates.
  public var customerName = "Ab PKI Developer Company Oy"
  /// The order's TransferId: 1 to 32 characters. The agency's own is not known here; this one is the simulator's.
  public var transferID = "12345678901"
  /// The order's TransferPassword: 1 to 16 characters. A published test value of the agency's.
  public var transferPassword = "Pw8a1d4u3HhOqhlo"
  /// The keys; nothing for fresh ones, made when they are first needed.
  public var keys: TestBenchKeys?

  /// The published values, as far as they are known.
  public init() {}

  func check() throws(SimulatorError) {
    for (name, value, limit) in [
      ("CustomerId", customerID, 30), ("CustomerName", customerName, 100), ("TransferId", transferID, 32),
      ("TransferPassword", transferPassword, 16),
    ] {
      guard (1...limit).contains(value.unicodeScalars.count) else {
        throw SimulatorError(.configuration, "check the test bench's values", "its \(name) does not have 1 to \(limit) characters")
      }
    }
  }
}

/// The two RSA keys of the test bench. The agency publishes its bench's private keys; these are the simulator's own.
public struct TestBenchKeys: Sendable {
  /// The key of the prepared certificate for SignNew, which also signs renewals.
  public let signNew: Certificate.PrivateKey
  /// The key of the prepared certificate for Renew.
  public let renew: Certificate.PrivateKey

  /// Makes two fresh keys of 2048 bits.
  ///
  /// - Throws: the library's error where it cannot make a key.
  public init() throws {
    signNew = Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits2048))
    renew = Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits2048))
  }

  /// Takes keys that were made before.
  public init(signNew: Certificate.PrivateKey, renew: Certificate.PrivateKey) {
    self.signNew = signNew
    self.renew = renew
  }
}

/// The bench at work. It has nothing to remember: every answer is prepared.
struct TestBench: Sendable {
  let configuration: TestBenchConfiguration
  let keys: TestBenchKeys
  /// For the first key: what SignNew gives.
  let first: Certificate
  /// For the second key: what Renew gives.
  let renewed: Certificate
  private let settings: ServiceDesk.Settings
  private let hierarchy: CAHierarchy

  static let path = "/DEV/2017/10/CertificateServices"
  static let firstRetrievalID = "SIM-BENCH-SIGN-NEW"
  static let renewedRetrievalID = "SIM-BENCH-RENEW"

  init(_ configuration: TestBenchConfiguration, settings: ServiceDesk.Settings, hierarchy: CAHierarchy, at now: Date) throws {
    self.configuration = configuration
    self.settings = settings
    self.hierarchy = hierarchy
    let keys = try configuration.keys ?? TestBenchKeys()
    self.keys = keys
    func prepared(_ key: Certificate.PrivateKey) throws -> Certificate {
      try LeafProfile.customer(
        publicKey: key.publicKey, customerID: configuration.customerID, organization: configuration.customerName, from: now,
        days: settings.certificateLifetimeDays, issuer: hierarchy.providers)
    }
    first = try prepared(keys.signNew)
    renewed = try prepared(keys.renew)
  }

  func signNew(_ values: RequestValues, _ exchange: Exchange) throws(ServiceRefusal) -> ServiceDesk.Commitment {
    guard
      values.environment == .test, values.customerID == configuration.customerID, values.transferID == configuration.transferID,
      values.transferPassword == configuration.transferPassword
    else { throw ServiceRefusal(.transferCredentials, "the transfer credentials are not valid") }
    _ = try settings.accepted(values, exchange)
    return .init(retrievalID: Self.firstRetrievalID, certificate: first)
  }

  /// Neither window nor dates are looked at: the order stands.
  func renew(_ values: RequestValues, signer: Certificate, _ exchange: Exchange) throws(ServiceRefusal) -> ServiceDesk.Commitment {
    try checkEnvironment(values)
    try hierarchy.checkRenewalIssuer(signer)
    guard signer.publicKey == first.publicKey else {
      throw ServiceRefusal(.renewalBenchKey, "the test bench's renewals are signed with the key of its SignNew certificate")
    }
    guard values.customerID == configuration.customerID else {
      throw ServiceRefusal(.renewalCustomer, "the signing certificate is not this customer's")
    }
    _ = try settings.accepted(values, exchange)
    return .init(retrievalID: Self.renewedRetrievalID, certificate: renewed)
  }

  /// Ready from the first moment on.
  func get(_ values: RequestValues) throws(ServiceRefusal) -> Certificate {
    try checkEnvironment(values)
    let prepared = [Self.firstRetrievalID: first, Self.renewedRetrievalID: renewed]
    guard values.customerID == configuration.customerID, let certificate = prepared[values.retrievalID] else {
      throw ServiceRefusal(.unknownRetrieval, "no request of this customer has this RetrievalId")
    }
    return certificate
  }

  private func checkEnvironment(_ values: RequestValues) throws(ServiceRefusal) {
    guard values.environment == .test else { throw ServiceRefusal(.environment, "this is the TEST environment") }
  }
}

/// The bench, once somebody needs it: its keys take a moment to make.
final class LazyTestBench: Sendable {
  private let value = Mutex<TestBench?>(nil)
  private let make: @Sendable () throws -> TestBench

  init(make: @escaping @Sendable () throws -> TestBench) { self.make = make }

  func get() throws -> TestBench {
    try value.withLock { value in
      if let value { return value }
      let bench = try make()
      value = bench
      return bench
    }
  }
}
