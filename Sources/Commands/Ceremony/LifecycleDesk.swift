import CertificateLifecycle
import CertificateService
import KeyCeremony
import Secrets
import SwiftASN1
import TokenKeys
import X509

/// A ceremony's certificates, by the configuration and the state file that `hsmkey certificate` works with: what a ceremony begins, the
/// commands go on with, and the other way round.
struct LifecycleDesk: CertificateDesk {
  let context: CommandContext

  func inUse(_ certificate: String, keys: TokenKeys) async throws -> IssuedCertificate? {
    try context.record(named: certificate)?.active.map(Self.issued)
  }

  func enrol(_ enrolment: StepAction.Enrolment, keys: TokenKeys, order: SiteBinding.Order) async throws -> IssuedCertificate {
    let name = enrolment.certificate
    let plan = try context.plan(named: name)
    guard plan.customer.id == enrolment.customerID, plan.customer.name == enrolment.customerName else {
      throw CeremonyError(
        .siteComplete, operation: "enrol certificate \(name)",
        message: "the plan says that certificate \(name) is for \(enrolment.customerName) (\(enrolment.customerID)), and the configuration "
          + "for \(plan.customer.name ?? "nobody by name") (\(plan.customer.id))",
        hint: "one of the two is wrong; nothing was asked for")
    }
    let record = try context.record(named: name)
    if let active = record?.active, record?.pending == nil { return try Self.issued(active) }
    try CommandContext.checkTransferID(order.transferID)
    let installed = try await context.lifecycle(on: keys).enrol(plan) {
      let password = try order.transferPassword.read(
        purpose: "Transfer password of order \(order.transferID) for certificate \(name)")
      return try TransferCredentials(id: order.transferID, password: password)
    }
    return try Self.issued(installed)
  }

  func renew(_ certificate: String, keys: TokenKeys, before: IssuedCertificate) async throws -> IssuedCertificate {
    let plan = try context.plan(named: certificate)
    let record = try context.record(named: certificate)
    if let active = record?.active, record?.pending == nil {
      let issued = try Self.issued(active)
      if issued.certificate != before.certificate { return issued }
    }
    return try Self.issued(try await context.lifecycle(on: keys).renew(plan))
  }

  private static func issued(_ installed: InstalledCertificate) throws -> IssuedCertificate {
    guard let identifier = KeyIdentifier(hexadecimal: installed.keyIdentifier) else {
      throw CommandError.input("\(installed.keyIdentifier) is no CKA_ID", operation: "read the state file")
    }
    return IssuedCertificate(certificate: try installed.certificate(), keyIdentifier: identifier, keyName: installed.keyName)
  }
}
