import ServiceSimulator
import TestSupport
import Testing

/// What must be as it was before a renewal that was refused.
private struct Untouched: Equatable {
  let serial: String?
  let file: String
  let exported: String
  let certificatesOnToken: Int
  let publicKey: String

  init(_ service: ServiceBench) async throws {
    let active = try await service.status()["certificate"]
    serial = active["serial"].string
    file = try service.bench.text("payroll.pem")
    exported = try await service.bench.succeeds("certificate", "export", "payroll")
    certificatesOnToken = try await service.certificatesOnToken()
    publicKey = try await service.bench.succeeds("key", "public", try #require(active["key-name"].string))
  }
}

// One bench for each list: every renewal follows the one before it, as the certificates are always within their window.
@Suite("A service that misbehaves at a renewal: the exit code, the rule, and the old certificate in use", .serialized)
struct RenewalFaultTests {
  /// Sets a fault. Waiting for an answer is cut short only where none will come.
  private static func set(_ fault: ServiceFault, for operation: ServiceOperation, _ service: ServiceBench) throws {
    var settings = ServiceBench.Settings()
    if fault == .hangBeforeCommit || fault == .hangAfterCommit {
      settings.service = ["first-wait: 0s", "poll-interval: 1s", "give-up-after: 0s", "timeout: 2s"]
    }
    try service.write(settings)
    try service.simulator.set(fault, for: operation)
  }

  private static func clear(_ service: ServiceBench) throws {
    service.simulator.clearFaults()
    try service.write(.init())
  }

  /// Answers that are unusual and right.
  private static let accepted: Set<ServiceFault> = [
    .exclusiveTransform, .signedInPlace, .noCarriageReturns, .slowBody, .lateAnswer, .notReadyAgain,
  ]

  /// The service's refusals on demand.
  private static func refusals(_ operation: ServiceOperation) -> [ServiceFault] {
    ServiceFault.allCases.filter { $0.rawValue.hasPrefix("refuse-") && $0.operations.contains(operation) }
  }

  private static let whenFetching =
    [
      ExpectedFault(.unsigned, 6, "RESPONSE-SIGNATURE"), ExpectedFault(.tampered, 6, "RESPONSE-SIGNATURE"),
      ExpectedFault(.otherCA, 6, "RESPONSE-SIGNER-CHAIN"), ExpectedFault(.signedByCustomer, 6, "RESPONSE-SIGNER-CHAIN"),
      ExpectedFault(.sha1, 6, "RESPONSE-SIGNATURE"), ExpectedFault(.twoSignatures, 6, "RESPONSE-SIGNATURE"),
      ExpectedFault(.wrapped, 6, "RESPONSE-ENVELOPE"), ExpectedFault(.wrappedInBody, 6, "RESPONSE-ONE-PAYLOAD"),
      ExpectedFault(.dtd, 6, "RESPONSE-XML"), ExpectedFault(.entity, 6, "RESPONSE-XML"),
      ExpectedFault(.oversize, 6, "TRANSPORT-RESPONSE-SIZE"), ExpectedFault(.failWithoutErrorInfo, 75, nil),
      ExpectedFault(.severalErrorInfos, 75, nil), ExpectedFault(.okWithoutRetrievalID, 6, "RESPONSE-MISSING-ELEMENT"),
      ExpectedFault(.certificateForAnotherKey, 6, "CERT-KEY"), ExpectedFault(.certificateForAnotherCustomer, 6, "CERT-CUSTOMER"),
      ExpectedFault(.certificateFromAnotherIssuer, 6, "CERT-ISSUER"), ExpectedFault(.pemInsteadOfDER, 6, "CERT-DER"),
      ExpectedFault(.html502, 75, nil), ExpectedFault(.soapFault500, 75, nil), ExpectedFault(.redirect, 6, "TRANSPORT-REDIRECT"),
      ExpectedFault(.hangBeforeCommit, 75, nil), ExpectedFault(.hangAfterCommit, 75, nil), ExpectedFault(.closeAfterCommit, 75, nil),
      ExpectedFault(.answerToAnotherOperation, 6, "RESPONSE-ONE-PAYLOAD"), ExpectedFault(.certificateKnown, 6, "CERT-NOT-KNOWN"),
      ExpectedFault(.certificateExpired, 6, "CERT-VALIDITY"), ExpectedFault(.certificateNotYetValid, 6, "CERT-VALIDITY"),
      ExpectedFault(.certificateValidTooLong, 6, "CERT-VALIDITY"), ExpectedFault(.empty200, 6, "RESPONSE-SIZE"),
      ExpectedFault(.closeBeforeCommit, 75, nil), ExpectedFault(.cutInHeader, 75, nil), ExpectedFault(.cutInBody, 75, nil),
    ] + refusals(.get).map { ExpectedFault($0, 75, nil) }

  private static let whenRenewing =
    [
      ExpectedFault(.unsigned, 6, "RESPONSE-SIGNATURE"), ExpectedFault(.tampered, 6, "RESPONSE-SIGNATURE"),
      ExpectedFault(.otherCA, 6, "RESPONSE-SIGNER-CHAIN"), ExpectedFault(.signedByCustomer, 6, "RESPONSE-SIGNER-CHAIN"),
      ExpectedFault(.sha1, 6, "RESPONSE-SIGNATURE"), ExpectedFault(.twoSignatures, 6, "RESPONSE-SIGNATURE"),
      ExpectedFault(.wrapped, 6, "RESPONSE-ENVELOPE"), ExpectedFault(.wrappedInBody, 6, "RESPONSE-ONE-PAYLOAD"),
      ExpectedFault(.dtd, 6, "RESPONSE-XML"), ExpectedFault(.entity, 6, "RESPONSE-XML"),
      ExpectedFault(.oversize, 6, "TRANSPORT-RESPONSE-SIZE"), ExpectedFault(.failWithoutErrorInfo, 5, "RESPONSE-REFUSED"),
      ExpectedFault(.severalErrorInfos, 5, "RESPONSE-REFUSED"), ExpectedFault(.okWithoutRetrievalID, 6, "RESPONSE-MISSING-ELEMENT"),
      ExpectedFault(.html502, 7, "RESPONSE-STATUS"), ExpectedFault(.soapFault500, 7, "RESPONSE-FAULT"),
      ExpectedFault(.redirect, 6, "TRANSPORT-REDIRECT"), ExpectedFault(.hangBeforeCommit, 7, "TRANSPORT-TIMEOUT"),
      ExpectedFault(.hangAfterCommit, 7, "TRANSPORT-TIMEOUT"), ExpectedFault(.closeAfterCommit, 7, "TRANSPORT-RESPONSE"),
      ExpectedFault(.answerToAnotherOperation, 6, "RESPONSE-ONE-PAYLOAD"), ExpectedFault(.empty200, 6, "RESPONSE-SIZE"),
      ExpectedFault(.closeBeforeCommit, 7, "TRANSPORT-RESPONSE"), ExpectedFault(.cutInHeader, 7, "TRANSPORT-RESPONSE"),
      ExpectedFault(.cutInBody, 7, "TRANSPORT-RESPONSE"),
    ] + refusals(.renew).map { ExpectedFault($0, 5, "RESPONSE-REFUSED") }

  @Test("every fault that the simulator knows of these two operations is in the lists")
  func complete() {
    for (operation, expected) in [
      (ServiceOperation.get, Self.whenFetching.map(\.fault)), (.renew, Self.whenRenewing.map(\.fault) + [.staleRetrievalID]),
    ] {
      let known = ServiceFault.allCases.filter { $0.operations.contains(operation) }
      #expect(Set(expected).union(Self.accepted.filter { $0.operations.contains(operation) }) == Set(known))
    }
  }

  @Test("CERT-NOT-KNOWN: a RetrievalId of another request brings a certificate that is not new; the old one stays, and a new start goes on")
  func staleRetrievalID() async throws {
    try await ServiceBench.with { service in
      try await service.enrol()
      let before = try await Untouched(service)
      try service.simulator.set(.staleRetrievalID, for: .renew, answers: 1)
      for command in ["renew", "fetch"] {
        let refusal = try await service.bench.refusedAsJSON(6, "certificate", command, "payroll")
        #expect(refusal.rule == "CERT-NOT-KNOWN", "\(refusal.message)")
      }
      #expect(try await Untouched(service) == before)
      try await service.bench.succeeds("certificate", "abandon", "payroll", "--confirm", "payroll")
      try await service.bench.succeeds("certificate", "renew", "payroll")
      #expect(try await Untouched(service).serial != before.serial)
    }
  }

  @Test("in the answer with the certificate: the old one stays in use, and fetch goes on once the fault is gone")
  func fetching() async throws {
    try await ServiceBench.with { service in
      try await service.enrol()
      for expected in Self.whenFetching {
        let before = try await Untouched(service)
        try Self.set(expected.fault, for: .get, service)
        let refusal = try await service.bench.refusedAsJSON(expected.exitCode, "certificate", "renew", "payroll")
        #expect(refusal.rule == expected.rule, "\(expected): \(refusal.message)")
        #expect(try await Untouched(service) == before, "\(expected)")
        #expect(try await service.status()["description"].string == "renewal sent, certificate not fetched yet", "\(expected)")
        let issued = try await service.issuedCount()

        try Self.clear(service)
        #expect(try await service.bench.object("certificate", "fetch", "payroll")["was-pending"].bool == true, "\(expected)")
        #expect(try await service.issuedCount() == issued, "\(expected): the request was sent once")
        let after = try await Untouched(service)
        #expect(after.serial != before.serial && after.file == after.exported, "\(expected)")
      }
    }
  }

  @Test("LIFECYCLE-NOT-REPEATED: in the answer to the request: nothing is kept, and going on does what the hint says")
  func renewing() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await service.enrol()
      for expected in Self.whenRenewing {
        let before = try await Untouched(service)
        try Self.set(expected.fault, for: .renew, service)
        let refusal = try await bench.refusedAsJSON(expected.exitCode, "certificate", "renew", "payroll")
        #expect(refusal.rule == expected.rule, "\(expected): \(refusal.message)")
        try Self.clear(service)
        let keys = try await bench.object("key", "list")["keys"].list.count
        if expected.exitCode != 5 {
          let issued = try await service.issuedCount()
          let again = try await bench.refusedAsJSON(7, "certificate", "renew", "payroll")
          #expect(again.rule == "LIFECYCLE-NOT-REPEATED", "\(expected)")
          #expect(again.hint.contains("hsmkey certificate renew payroll --repeat-uncertain-renewal"), "\(expected)")
          #expect(try await service.issuedCount() == issued, "\(expected): nothing was sent")
        }
        #expect(try await Untouched(service) == before, "\(expected)")

        let goingOn = ["certificate", "renew", "payroll"] + (expected.exitCode == 5 ? [] : ["--repeat-uncertain-renewal"])
        let result = try await bench.hsmkey(goingOn)
        #expect(result.exitCode == 0, "\(expected): \(result.standardError)")
        #expect(try await bench.object("key", "list")["keys"].list.count == keys, "\(expected): the same key")
        #expect(try await service.status()["certificate"]["serial"].string != before.serial, "\(expected)")
      }
    }
  }

  @Test("answers that are unusual and right are accepted")
  func unusual() async throws {
    var settings = ServiceBench.Settings()
    settings.simulator = { $0.lateFor = .milliseconds(300) }
    try await ServiceBench.with(settings) { service in
      try await service.enrol()
      for fault in Self.accepted {
        try service.simulator.set(fault)
        let result = try await service.bench.hsmkey(["certificate", "renew", "payroll"])
        #expect(result.exitCode == 0, "\(fault): \(result.standardError)")
        service.simulator.clearFaults()
      }
    }
  }
}
