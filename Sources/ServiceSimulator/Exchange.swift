import Crypto
import Foundation
import SwiftASN1
import Synchronization
import X509

/// One request on its way through the service: what the log will say of it, and the faults that it meets.
final class Exchange: Sendable {
  private let faults: FaultPlan
  private let entry: Mutex<LoggedRequest>
  private let rightForm = Mutex(false)
  /// What chance has in store for this request, besides the faults that are set.
  private let outage = Mutex<ServiceFault?>(nil)

  init(_ request: IncomingRequest, faults: FaultPlan, at: Date, machineTime: Date) {
    self.faults = faults
    entry = Mutex(
      LoggedRequest(method: PlainText.of(request.method), path: PlainText.of(request.path), at: at, machineTime: machineTime))
  }

  var logged: LoggedRequest { entry.withLock { $0 } }

  func note(_ change: (inout LoggedRequest) -> Void) { entry.withLock { change(&$0) } }

  /// Whether the schema had nothing against the request.
  var isOfRightForm: Bool { rightForm.withLock { $0 } }

  /// Notes what a request of the right form says.
  func note(_ values: RequestValues) {
    rightForm.withLock { $0 = true }
    note { entry in
      entry.operation = values.operation.rawValue
      entry.customerID = PlainText.of(values.customerID)
      if values.operation == .signNew { entry.transferIDDigest = Self.digest(ofTransferID: values.transferID) }
      if values.operation == .get { entry.retrievalID = PlainText.of(values.retrievalID) }
    }
    outage.withLock { $0 = faults.outage(values.operation) }
  }

  /// Notes the key that a certificate is asked for.
  func note(_ key: Certificate.PublicKey) {
    var serializer = DER.Serializer()
    guard (try? serializer.serialize(key)) != nil else { return }
    note { $0.publicKeyDigest = Self.hexadecimal(SHA256.hash(data: serializer.serializedBytes)) }
  }

  /// Whether the fault is to happen now. A counted one is counted down.
  func take(_ fault: ServiceFault, _ operation: ServiceOperation) -> Bool {
    let isChance = outage.withLock { outage in
      defer { if outage == fault { outage = nil } }
      return outage == fault
    }
    guard isChance || faults.take(fault, operation) else { return false }
    note { $0.faults.append(fault.rawValue) }
    return true
  }

  /// What stands for a transfer id in logs and on the page.
  static func digest(ofTransferID id: String) -> String { hexadecimal(SHA256.hash(data: Data(id.utf8))) }

  private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
    digest.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
  }
}

/// Values from outside, for logs and pages.
enum PlainText {
  /// At most 120 characters; whatever is not printable ASCII is a question mark.
  static func of(_ text: String) -> String {
    String(text.unicodeScalars.prefix(120).map { $0.isASCII && $0.value > 0x20 && $0.value < 0x7f ? Character($0) : "?" })
  }
}

extension Certificate.SerialNumber {
  /// Lower-case hexadecimal digits, two an octet, without leading zero octets.
  var hexadecimal: String { bytes.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined() }
}
