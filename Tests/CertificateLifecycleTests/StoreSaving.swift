import Foundation

@testable import CertificateLifecycle

extension LifecycleStore {
  /// Saves any record as it is: a state that a test begins with.
  func save(_ record: CertificateRecord, at time: Date) throws {
    try writing { try LifecycleStore.write(record, .takenOver, detail: [:], at: time, in: $0) }
  }
}
