import CertificateService
import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import Synchronization
import TestSupport
import Testing
import X509

@Suite("Revocation lists")
struct RevocationCheckTests {
  private static let chain = [
    TestAuthorities.customer, TestAuthorities.providers.certificate, TestAuthorities.intermediate.certificate,
    TestAuthorities.root.certificate,
  ]

  private static var revoked: TestRevocationList.Entry { .init(serial: Array(TestAuthorities.customer.serialNumber.bytes), reason: 1) }

  private func lists(_ lists: [[UInt8]]) -> RevocationLists {
    RevocationLists(lists.enumerated().map { index, bytes in RevocationListSource(name: "list \(index)", fetch: { bytes }) })
  }

  private func check(
    _ lists: [[UInt8]], mode: RevocationCheck.Mode = .enforce, at time: Date = TestAuthorities.now
  ) async throws(CertificateServiceError) -> [String] {
    try await RevocationCheck(mode: mode, lists: self.lists(lists)).check(Self.chain, at: time)
  }

  private func rule(_ list: TestRevocationList, sourceLocation: SourceLocation = #_sourceLocation) async throws -> ServiceRule? {
    let bytes = try list.der()
    let error = try await refusal({ try await check([bytes]) }, sourceLocation: sourceLocation)
    #expect(error.code == .untrusted, sourceLocation: sourceLocation)
    #expect(error.hint != nil, sourceLocation: sourceLocation)
    // What enforce refuses, warn says and lets pass; off looks at nothing.
    let warnings = try await check([bytes], mode: .warn)
    #expect(warnings.count == 1 && warnings[0].contains(error.rule?.rawValue ?? "-"), sourceLocation: sourceLocation)
    #expect(try await check([bytes], mode: .off).isEmpty, sourceLocation: sourceLocation)
    return error.rule
  }

  /// The rule by which the list itself cannot be read, while enforcing refuses for want of a list.
  private func unreadable(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) async throws -> ServiceRule? {
    let error = try await refusal({ try await check([bytes]) }, sourceLocation: sourceLocation)
    #expect(error.rule == .revocationListAvailable, sourceLocation: sourceLocation)
    return try await refusal({ try RevocationList(bytes, from: "a list") }, sourceLocation: sourceLocation).rule
  }

  @Test("a certificate that is not on the current list of its issuer passes, DER and PEM")
  func good() async throws {
    let other = TestRevocationList.Entry(serial: [0x01, 0x02], reason: nil)
    for entries in [[], [other]] {
      let der = try TestRevocationList(entries: entries).der()
      #expect(try await check([der]).isEmpty)
      #expect(try await check([Array(TestAuthorities.pem(der, label: "X509 CRL", columns: 76, newline: "\r\n").utf8)]).isEmpty)
      #expect(try RevocationList(der, from: "a list").count == entries.count)
    }
    // A list of somebody else does no harm beside the right one.
    let foreign = try TestRevocationList(issuer: TestAuthorities.services).der()
    #expect(try await check([foreign, TestRevocationList().der()]).isEmpty)
  }

  @Test("the list's issuer may have its name in the other order, as the agency's certificates name it")
  func reversedName() async throws {
    let name = DistinguishedName(Array(TestAuthorities.providers.certificate.subject.reversed()))
    #expect(try await check([TestRevocationList(name: name).der()]).isEmpty)
    #expect(try await rule(TestRevocationList(name: name, entries: [Self.revoked])) == .revocationRevoked)
  }

  @Test("REVOCATION-REVOKED a certificate on the list, for whatever reason, also on hold", arguments: [nil, 0, 1, 4, 5, 6, 9] as [UInt8?])
  func revoked(reason: UInt8?) async throws {
    let entry = TestRevocationList.Entry(serial: Self.revoked.serial, reason: reason)
    #expect(try await rule(TestRevocationList(entries: [.init(serial: [1], reason: nil), entry])) == .revocationRevoked)
  }

  @Test("REVOCATION-REVOKED an issuing authority on its own issuer's list, where there is one")
  func revokedAuthority() async throws {
    let entry = TestRevocationList.Entry(serial: Array(TestAuthorities.providers.certificate.serialNumber.bytes), reason: 2)
    let upper = try TestRevocationList(issuer: TestAuthorities.intermediate, entries: [entry]).der()
    let error = try await refusal { try await check([TestRevocationList().der(), upper]) }
    #expect(error.rule == .revocationRevoked)
    #expect(error.message.contains("Test Providers Issuing CA"))
  }

  @Test("a certificate that was taken off the list again passes (removeFromCRL)")
  func removed() async throws {
    let entry = TestRevocationList.Entry(serial: Self.revoked.serial, reason: 8)
    #expect(try await check([TestRevocationList(entries: [entry]).der()]).isEmpty)
  }

  @Test("REVOCATION-LIST-AVAILABLE no list, none of this issuer, none that can be had; the certificate's own address is in the hint")
  func missing() async throws {
    for lists in [[], [try TestRevocationList(issuer: TestAuthorities.services).der()]] {
      #expect(try await refusal { try await check(lists) }.rule == .revocationListAvailable)
    }
    struct Broken: Error {}
    let broken = RevocationCheck(
      mode: .enforce, lists: RevocationLists([RevocationListSource(name: "http://crl.example/x.crl", fetch: { throw Broken() })]))
    let error = try await refusal { try await broken.check(Self.chain, at: TestAuthorities.now) }
    #expect(error.rule == .revocationListAvailable)
    #expect(error.message.contains("http://crl.example/x.crl"))
    if OfficialMaterial.isPresent {
      let real =
        try PEM.certificates(in: OfficialMaterial.bytes("ca/test-data-providers-issuing.pem"))
        + PEM.certificates(in: OfficialMaterial.bytes("ca/test-intermediate.pem"))
      let error = try await refusal { try await broken.check(real, at: TestAuthorities.now) }
      #expect(error.hint?.contains("http://crl-testi.vero.fi/crl/VerohallintoIntermediateTestCAv1.crl") == true)
    }
  }

  @Test("REVOCATION-LIST-ISSUER signed by another key, changed, or by an authority that may not sign lists")
  func issuer() async throws {
    #expect(try await rule(TestRevocationList(signer: TestAuthorities.services)) == .revocationListIssuer)
    #expect(try await rule(TestRevocationList(signer: TestAuthority("Test Providers Issuing CA"))) == .revocationListIssuer)
    let der = try TestRevocationList(entries: [.init(serial: [0x11, 0x22, 0x33], reason: nil)]).der()
    let index = try #require(der.firstRange(of: [0x11, 0x22, 0x33])).lowerBound
    var changed = der
    changed[index] = 0x12
    #expect(try await refusal { try await check([changed]) }.rule == .revocationListIssuer)
  }

  @Test("REVOCATION-LIST-CURRENT from the future, or due to be followed; five minutes of another clock are let through")
  func current() async throws {
    let now = TestAuthorities.now
    #expect(try await rule(TestRevocationList(thisUpdate: now.addingTimeInterval(301))) == .revocationListCurrent)
    #expect(try await rule(TestRevocationList(nextUpdate: now)) == .revocationListCurrent)
    #expect(try await rule(TestRevocationList(nextUpdate: now.addingTimeInterval(-86400))) == .revocationListCurrent)
    #expect(try await check([TestRevocationList(thisUpdate: now.addingTimeInterval(300)).der()]).isEmpty)
    // Beside an old list a current one counts.
    let old = try TestRevocationList(entries: [Self.revoked], nextUpdate: now).der()
    #expect(try await check([old, TestRevocationList().der()]).isEmpty)
  }

  @Test("REVOCATION-LIST-EXTENSION delta, partial and indirect lists, and critical extensions that nobody knows")
  func extensions() async throws {
    let unknown: ASN1ObjectIdentifier = [1, 2, 3, 4]
    for (identifier, isCritical) in [([2, 5, 29, 27], true), ([2, 5, 29, 28], true), (unknown, true), ([2, 5, 29, 28], false)]
      as [(ASN1ObjectIdentifier, Bool)]
    {
      let list = TestRevocationList(extensions: [(identifier, isCritical, [0x30, 0x00])])
      #expect(try await unreadable(list.der()) == .revocationListExtension)
    }
    for (identifier, isCritical) in [([2, 5, 29, 29], true), ([2, 5, 29, 29], false), (unknown, true)] as [(ASN1ObjectIdentifier, Bool)] {
      let entry = TestRevocationList.Entry(serial: [1], reason: nil, extensions: [(identifier, isCritical, [0x30, 0x00])])
      #expect(try await unreadable(TestRevocationList(entries: [entry]).der()) == .revocationListExtension)
    }
    let harmless = TestRevocationList.Entry(serial: [1], reason: nil, extensions: [(unknown, false, [0x05, 0x00])])
    #expect(try await check([TestRevocationList(entries: [harmless], extensions: [(unknown, false, [])]).der()]).isEmpty)
  }

  @Test("REVOCATION-LIST-FORMAT not DER, of version 1, without a next one, cut short, with something after it")
  func format() async throws {
    let der = try TestRevocationList(entries: [Self.revoked]).der()
    for list in [
      TestRevocationList(version: nil), TestRevocationList(version: 0), TestRevocationList(nextUpdate: nil),
      TestRevocationList(innerAlgorithm: [1, 2, 840, 10045, 4, 3, 3]), TestRevocationList(hasEmptyEntries: true),
      TestRevocationList(entries: [.init(serial: [1], reason: 7)]), TestRevocationList(entries: [.init(serial: [1], reason: 11)]),
      TestRevocationList(extensions: [([2, 5, 29, 20], false, [1]), ([2, 5, 29, 20], false, [1])]),
      TestRevocationList(entries: [.init(serial: Array(repeating: 1, count: 33), reason: nil)]),
    ] {
      #expect(try await unreadable(list.der()) == .revocationListFormat)
    }
    for bytes in [[], [0x30], Array(der.dropLast()), der + [0], Array("-----BEGIN X509 CRL-----".utf8), Array("<html>".utf8)] {
      #expect(try await unreadable(bytes) == .revocationListFormat)
    }
    let pem = TestAuthorities.pem(der, label: "X509 CRL")
    #expect(try await unreadable(Array((pem + pem).utf8)) == .revocationListFormat)
  }

  @Test("every octet of a list matters: changed or cut anywhere, it is refused or does not verify")
  func mutations() async throws {
    let der = try TestRevocationList(entries: [Self.revoked]).der()
    for index in der.indices {
      var changed = der
      changed[index] ^= 0x01
      for bytes in [changed, Array(der[..<index])] {
        await #expect(throws: CertificateServiceError.self) { _ = try await check([bytes]) }
      }
    }
  }

  @Test("REVOCATION-LIST-SIZE 100 000 entries are read and looked up; more than 4 MiB are not")
  func huge() async throws {
    func entries(_ first: UInt8) -> [TestRevocationList.Entry] {
      (1...100_000).map { (number: Int) -> TestRevocationList.Entry in
        let octets: [UInt8] = [first, UInt8(number >> 16), UInt8(number >> 8 & 255), UInt8(number & 255), 0, 0, 0, 0]
        return TestRevocationList.Entry(serial: octets, reason: nil)
      }
    }
    let many = entries(1)
    let der = try TestRevocationList(entries: many + [Self.revoked]).der()
    #expect(der.count < 4 << 20)
    #expect(try await refusal { try await check([der]) }.rule == .revocationRevoked)
    let more = try TestRevocationList(entries: many + entries(2)).der()
    #expect(more.count > 4 << 20)
    #expect(try await unreadable(more) == .revocationListSize)
    #expect(try await unreadable(Array(repeating: 0x30, count: (4 << 20) + 1)) == .revocationListSize)
  }

  // MARK: - Where lists come from

  /// A source that counts, and keeps what it is told to keep.
  private final class Shelf: Sendable {
    struct State {
      var answers: [[UInt8]?]
      var fetched = 0
      var kept: [UInt8]?
      var isFresh = false
    }
    let state: Mutex<State>
    init(_ answers: [[UInt8]?], kept: [UInt8]? = nil, isFresh: Bool = false) {
      state = Mutex(State(answers: answers, kept: kept, isFresh: isFresh))
    }
    struct Unreachable: Error {}
    var source: RevocationListSource {
      RevocationListSource(
        name: "a list",
        fetch: {
          try self.state.withLock { state in
            defer { state.fetched += 1 }
            guard let answer = state.answers[min(state.fetched, state.answers.count - 1)] else { throw Unreachable() }
            return answer
          }
        },
        kept: { self.state.withLock { state in state.kept.map { ($0, state.isFresh) } } },
        keep: { bytes in self.state.withLock { $0.kept = bytes } })
    }
  }

  private func check(_ shelf: Shelf, times: Int = 1, at time: Date = TestAuthorities.now) async throws {
    let check = RevocationCheck(mode: .enforce, lists: RevocationLists([shelf.source]))
    for _ in 0..<times { try await check.check(Self.chain, at: time) }
  }

  @Test("a list is fetched once a run and kept; a fresh copy is not asked for again")
  func fetchedOnce() async throws {
    let list = try TestRevocationList().der()
    let shelf = Shelf([list])
    try await check(shelf, times: 20)
    #expect(shelf.state.withLock { $0.fetched } == 1)
    #expect(shelf.state.withLock { $0.kept } == list)
    let fresh = Shelf([nil], kept: list, isFresh: true)
    try await check(fresh)
    #expect(fresh.state.withLock { $0.fetched } == 0)
  }

  @Test("the kept copy does while the list cannot be had, as long as it is current; a newer one replaces it, an older one does not")
  func kept() async throws {
    let good = try TestRevocationList().der()
    let bad = try TestRevocationList(entries: [Self.revoked], thisUpdate: TestAuthorities.now.addingTimeInterval(-60)).der()
    try await check(Shelf([nil], kept: good))
    #expect(
      try await refusal { try await check(Shelf([nil], kept: good), at: TestAuthorities.now.addingTimeInterval(3600)) }.rule
        == .revocationListAvailable)
    // A newer list says that it is revoked.
    let newer = Shelf([bad], kept: good)
    #expect(try await refusal { try await check(newer) }.rule == .revocationRevoked)
    #expect(newer.state.withLock { $0.kept } == bad)
    // Somebody plays the older one back.
    let older = Shelf([good], kept: bad)
    #expect(try await refusal { try await check(older) }.rule == .revocationRevoked)
    #expect(older.state.withLock { $0.kept } == bad)
    // What is kept and cannot be read is as good as nothing.
    try await check(Shelf([good], kept: [1, 2, 3], isFresh: true))
  }

  @Test("REVOCATION-LIST-ISSUER a forged list that is newer than all others is not kept, and does no harm where it was kept")
  func forged() async throws {
    let now = TestAuthorities.now
    let good = try TestRevocationList().der()
    let far = now.addingTimeInterval(20 * 365 * 86_400)
    let forged = try TestRevocationList(signer: TestAuthorities.services, thisUpdate: far, nextUpdate: far.addingTimeInterval(86_400)).der()
    // Downloaded, with nothing kept: refused, and the next run is free of it.
    let shelf = Shelf([forged])
    #expect(try await refusal { try await check(shelf) }.rule == .revocationListIssuer)
    #expect(shelf.state.withLock { $0.kept } == nil)
    shelf.state.withLock { $0.answers = [good] }
    try await check(shelf)
    #expect(shelf.state.withLock { $0.kept } == good)
    // Downloaded, with a true one kept.
    shelf.state.withLock { $0.answers = [forged] }
    try await check(shelf)
    #expect(shelf.state.withLock { $0.kept } == good)
    // On disk from before, and the true one comes: it takes its place.
    let old = Shelf([good], kept: forged)
    try await check(old)
    #expect(old.state.withLock { $0.kept } == good)
    // The true one says the same as ever.
    let bad = try TestRevocationList(entries: [Self.revoked]).der()
    for shelf in [Shelf([bad], kept: forged), Shelf([forged], kept: bad)] {
      #expect(try await refusal { try await check(shelf) }.rule == .revocationRevoked)
      #expect(shelf.state.withLock { $0.kept } == bad)
    }
  }

  @Test("REVOCATION-LIST-CURRENT an older list that is played back does not stand in for a kept one whose time is over")
  func playedBack() async throws {
    let now = TestAuthorities.now
    let over = try TestRevocationList(
      entries: [Self.revoked], thisUpdate: now.addingTimeInterval(-60), nextUpdate: now.addingTimeInterval(-30)
    ).der()
    let shelf = Shelf([try TestRevocationList().der()], kept: over)
    #expect(try await refusal { try await check(shelf) }.rule == .revocationListCurrent)
    #expect(shelf.state.withLock { $0.kept } == over)
  }

  @Test("a list whose time is over during a long run is fetched anew")
  func fetchedAnew() async throws {
    let next = TestAuthorities.now.addingTimeInterval(3600)
    let shelf = Shelf([
      try TestRevocationList().der(), try TestRevocationList(thisUpdate: next, nextUpdate: next.addingTimeInterval(60)).der(),
    ])
    let check = RevocationCheck(mode: .enforce, lists: RevocationLists([shelf.source]))
    try await check.check(Self.chain, at: TestAuthorities.now)
    try await check.check(Self.chain, at: next)
    #expect(shelf.state.withLock { $0.fetched } == 2)
  }

  // MARK: - Where lists are asked for

  @Test("an issued certificate that is revoked is refused, or accepted with a warning")
  func acceptance() async throws {
    let list = try TestRevocationList(entries: [Self.revoked]).der()
    func acceptance(_ mode: RevocationCheck.Mode, _ said: @escaping @Sendable (String) -> Void = { _ in }) -> CertificateAcceptance {
      CertificateAcceptance(
        publicKey: .init(TestAuthorities.rsaKey.publicKey), customerID: TestAuthorities.customerID,
        options: AcceptanceOptions(
          issuers: TestAuthorities.issuers, revocation: RevocationCheck(mode: mode, lists: lists([list]), warn: said)),
        now: TestAuthorities.now)
    }
    let received = ReceivedCertificate(der: try TestAuthorities.der(TestAuthorities.customer))
    #expect(try await refusal { try await acceptance(.enforce).check(received) }.rule == .revocationRevoked)
    let said = Mutex<[String]>([])
    let accepted = try await acceptance(.warn) { text in said.withLock { $0.append(text) } }.check(received)
    #expect(accepted.warnings.count == 1)
    #expect(said.withLock { $0 } == accepted.warnings)
  }

  @Test("an answer whose signer is revoked is not believed; without a list nothing that can be spent is sent at all")
  func signers() async throws {
    func service(_ transport: ScriptedTransport, _ lists: [[UInt8]], _ mode: RevocationCheck.Mode = .enforce) -> CertificateService {
      CertificateService(
        environment: .test, transport: transport, responseSigners: TestAuthorities.responseSigners,
        revocation: RevocationCheck(mode: mode, lists: self.lists(lists)), now: { TestAuthorities.now })
    }
    let answer = try await HouseStyleResponse().enveloped()
    let entry = TestRevocationList.Entry(serial: Array(TestAuthorities.signer.serialNumber.bytes), reason: 1)
    let bad = try TestRevocationList(issuer: TestAuthorities.services, entries: [entry]).der()
    let good = try TestRevocationList(issuer: TestAuthorities.services).der()

    let sent = ScriptedTransport(answer)
    let revoked = try await refusal { try await service(sent, [bad]).signNew(TestRequests.signNew()) }
    #expect(revoked.rule == .revocationRevoked)
    #expect(revoked.code == .untrusted)
    #expect(revoked.outcomeIsUncertain)
    #expect(sent.posted.count == 1)
    #expect(try await service(ScriptedTransport(answer), [good]).signNew(TestRequests.signNew()).text == "R-1")
    #expect(try await service(ScriptedTransport(answer), [bad], .warn).signNew(TestRequests.signNew()).text == "R-1")
    #expect(try await service(ScriptedTransport(answer), [bad], .off).signNew(TestRequests.signNew()).text == "R-1")

    let unsent = ScriptedTransport(answer)
    for lists in [
      [], [try TestRevocationList().der()],
      [try TestRevocationList(issuer: TestAuthorities.services, nextUpdate: TestAuthorities.now).der()],
    ] {
      let error = try await refusal { try await service(unsent, lists).signNew(TestRequests.signNew()) }
      #expect(error.code == .unreachable)
      #expect(!error.outcomeIsUncertain)
      #expect([.revocationListAvailable, .revocationListCurrent].contains(error.rule))
    }
    #expect(unsent.posted.isEmpty, "nothing is spent for an answer that could not be checked")
  }
}
