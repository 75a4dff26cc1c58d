import Testing

@testable import KeyEvidence

@Suite("Inventory: held against an earlier one")
struct InventoryComparisonTests {
  private func findings(_ present: TokenInventory, _ known: TokenInventory = Sample.inventory()) throws -> [AuditFinding] {
    try InventoryComparison(present, against: known).findings
  }

  @Test("the same: nothing to say, whatever the order of its objects")
  func same() throws {
    let keys = [Sample.key("a", id: "01"), Sample.key("b", id: "02"), Sample.key("c", id: "03")]
    let others = [Sample.object(label: "x"), Sample.object(label: "x"), Sample.object(label: "y")]
    let known = Sample.inventory(keys: keys, others: others)
    let present = Sample.inventory(keys: keys.reversed(), others: others.reversed())
    #expect(known == present)
    #expect(try findings(present, known).isEmpty)
    #expect(try InventoryComparison(present, against: known).scope == .all)
  }

  @Test("AUDIT-NEW: a key, a certificate, an object that the inventory does not have")
  func new() throws {
    let present = Sample.inventory(
      keys: [Sample.key(), Sample.key("intruder", id: "66")],
      certificates: [Sample.certificate(), Sample.certificate("intruder", id: "66")],
      others: [Sample.object()])
    let findings = try findings(present)
    #expect(findings.map(\.rule) == [.new, .new, .new])
    #expect(findings.map(\.subject.kind).sorted() == ["certificate", "key", "object"])
    #expect(
      findings.contains { $0.subject.name == "intruder" && $0.message == "a key that the inventory does not have: ecdsa-p256, both halves" }
    )
  }

  @Test("AUDIT-GONE: a key, a certificate, an object that is not there any more")
  func gone() throws {
    let findings = try findings(Sample.inventory(keys: [], certificates: []), Sample.inventory(others: [Sample.object()]))
    #expect(findings.map(\.rule) == [.gone, .gone, .gone])
    #expect(findings.map(\.subject.kind).sorted() == ["certificate", "key", "object"])
  }

  @Test("AUDIT-CHANGED: a key with another name, identifier or attribute is the same key")
  func changed() throws {
    let renamed = Sample.key(privateHalf: Sample.privateHalf("other"), publicHalf: Sample.publicHalf())
    let finding = try #require(try findings(Sample.inventory(keys: [renamed])).first)
    #expect(finding.rule == .changed)
    #expect(finding.changes == [AuditChange(what: "private CKA_LABEL", expected: "payroll", found: "other")])
    #expect(finding.message == "private CKA_LABEL was payroll, is other")

    let moved = Sample.key(privateHalf: Sample.privateHalf(id: "99"), publicHalf: Sample.publicHalf(id: "99"))
    #expect(try findings(Sample.inventory(keys: [moved])).map(\.changes.count) == [2])

    let opened = Sample.key(privateHalf: Sample.privateHalf(changes: [(.extractable, true), (.alwaysSensitive, nil)]))
    #expect(
      try findings(Sample.inventory(keys: [opened])).first?.message
        == "private CKA_ALWAYS_SENSITIVE was true, is not told; private CKA_EXTRACTABLE was false, is true")
  }

  @Test("AUDIT-CHANGED: a half that is gone or come, and another key under the same identifier")
  func halves() throws {
    let half = Sample.key(publicHalf: .some(nil))
    #expect(try findings(Sample.inventory(keys: [half])).first?.message == "the public half was there, is not there")
    #expect(try findings(Sample.inventory(), Sample.inventory(keys: [half])).first?.message == "the public half was not there, is there")
    // The token does not tell the public key of a private half that is alone: known by its identifier.
    let nameless = Sample.key(key: .some(nil), publicHalf: .some(nil))
    #expect(try findings(Sample.inventory(keys: [nameless])).map(\.rule) == [.changed])
    let replaced = Sample.key(key: "another")
    let finding = try #require(try findings(Sample.inventory(keys: [replaced], certificates: [Sample.certificate()])).first)
    #expect(finding.rule == .changed)
    #expect(finding.changes.map(\.what) == ["the public key (SHA-256)"])
  }

  @Test("AUDIT-CHANGED: a certificate's name, an object's attribute, the token's own words")
  func others() throws {
    let renamed = InventoryCertificate(
      label: "new name", id: "01", sha256: Sample.certificate().sha256, attributes: Sample.certificate().attributes, contents: nil)
    #expect(try findings(Sample.inventory(certificates: [renamed])).first?.message == "CKA_LABEL was payroll, is new name")
    let opened = Sample.inventory(others: [Sample.object(changes: [(.modifiable, true)])])
    #expect(try findings(opened, Sample.inventory(others: [Sample.object()])).first?.message == "CKA_MODIFIABLE was not told, is true")
    let updated = TokenInventory.Token(
      label: "payroll", manufacturer: "SoftHSM project", model: "SoftHSM v2", serial: "5a1c0ffee5a1c0ff", hardwareVersion: "2.6",
      firmwareVersion: "2.7")
    let finding = try #require(try findings(Sample.inventory(token: updated)).first)
    #expect(finding.message == "firmware version was 2.6, is 2.7")
    #expect(finding.subject.kind == "token")
  }

  @Test("of several with one name or identifier each is compared with its own")
  func twins() throws {
    let twins = [
      Sample.key("twin", id: "07", key: "a"), Sample.key("twin", id: "07", key: "b"), Sample.key("twin", id: "07", key: .some(nil)),
    ]
    #expect(try findings(Sample.inventory(keys: twins), Sample.inventory(keys: twins)).isEmpty)
    let findings = try findings(Sample.inventory(keys: [twins[0], twins[2]]), Sample.inventory(keys: twins))
    #expect(findings.map(\.rule) == [.gone])
    #expect(findings.first?.subject.sha256 == Sample.digest("b"))
  }

  @Test("without login only what everybody sees is compared, both ways")
  func publicParts() throws {
    let secret = Sample.object("CKO_SECRET_KEY", label: "secret", changes: [(.isPrivate, true)])
    let whole = Sample.inventory(
      keys: [Sample.key(), Sample.key("alone", id: "02", publicHalf: .some(nil))], others: [secret])
    let seen = Sample.inventory(scope: .publicObjects, keys: [Sample.key(privateHalf: .some(nil))])
    for (present, known) in [(seen, whole), (whole, seen)] {
      let comparison = try InventoryComparison(present, against: known)
      #expect(comparison.scope == .publicObjects)
      #expect(comparison.findings.isEmpty)
    }
    #expect(try findings(Sample.inventory(scope: .publicObjects, keys: []), whole).map(\.rule) == [.gone])
    // A private key that everybody sees by now is a change.
    let open = Sample.key(privateHalf: Sample.privateHalf(changes: [(.isPrivate, false)]))
    #expect(
      try findings(Sample.inventory(scope: .publicObjects, keys: [open]), whole).first?.message
        == "the private half was not there, is there")
  }

  @Test("AUDIT-SAME-TOKEN: an inventory of another token is refused, by the names of both")
  func otherToken() throws {
    let other = TokenInventory.Token(
      label: "payroll", manufacturer: "SoftHSM project", model: "SoftHSM v2", serial: "other", hardwareVersion: "2.6",
      firmwareVersion: "2.6")
    let error = try #require(
      #expect(throws: AuditError.self) { _ = try InventoryComparison(Sample.inventory(token: other), against: Sample.inventory()) })
    #expect(error.rule == .sameToken)
    #expect(error.message.contains("payroll (serial 5a1c0ffee5a1c0ff, SoftHSM project SoftHSM v2)"))
    #expect(error.message.contains("serial number other"))
  }
}
