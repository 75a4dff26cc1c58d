import CertificateLifecycle
import CertificateService

extension CertificateRecord {
  /// Whether its certificates come from the agency's test bench, and so are for no key of ours.
  var isFromTestBench: Bool { environment == ServiceEnvironment.testBench.name }
}

extension CertificateSummary {
  /// Whether its certificates come from the agency's test bench, and so are for no key of ours.
  var isFromTestBench: Bool { environment == ServiceEnvironment.testBench.name }
}
