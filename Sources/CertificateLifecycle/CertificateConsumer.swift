/// A server at which a certificate is used, and whose acceptance is wanted before an earlier certificate is retired.
public struct CertificateConsumer: Sendable, Hashable {
  /// The name in the configuration file.
  public let name: String
  /// Where it is asked. A proof from another address is none for this one.
  public let address: String
  /// Whether it has a certificate file or a program of its own. Then its acceptance is not enough: the certificate in use must be in the
  /// file, and the program must have ended well since, because its clients may still use an earlier one.
  public let needsCutOver: Bool

  /// A consumer from its parts.
  public init(name: String, address: String, needsCutOver: Bool = false) {
    self.name = name
    self.address = address
    self.needsCutOver = needsCutOver
  }
}

extension CertificateRecord {
  /// Those consumers of which nobody knows whether they accept the certificate in use, at their address.
  public func unproved(_ consumers: [CertificateConsumer]) throws -> [CertificateConsumer] {
    guard let serial = try active?.serial() else { return consumers }
    return consumers.filter { consumer in
      !proofs.contains { ($0.consumer, $0.address, $0.serial) == (consumer.name, consumer.address, serial) }
    }
  }

  /// Those consumers that have a file or a program of their own, and whose clients may still use an earlier certificate.
  public func untold(_ consumers: [CertificateConsumer]) throws -> [CertificateConsumer] {
    let serial = try active?.serial()
    return consumers.filter { $0.needsCutOver && (serial == nil || toldConsumers[$0.name] != serial) }
  }
}
