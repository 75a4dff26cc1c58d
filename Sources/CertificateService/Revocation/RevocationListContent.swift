import SwiftASN1

/// What a revocation list says (RFC 5280 section 5.1), read strictly. Nothing about it has been checked: not who signed it, not when.
struct RevocationListContent: Equatable {
  /// One certificate that is on the list.
  struct Entry: Equatable {
    /// Seconds since 1970 at which it was revoked.
    let revokedAt: Int64
    /// `CRLReason`; nil where the list tells none.
    let reason: UInt8?
  }

  /// The octets that the signature covers.
  let signedOctets: ArraySlice<UInt8>
  /// The object identifier of the signature's algorithm, as octets.
  let algorithm: [UInt8]
  let signature: [UInt8]
  /// The issuer's name, DER.
  let issuer: [UInt8]
  /// Seconds since 1970.
  let thisUpdate: Int64
  /// Seconds since 1970.
  let nextUpdate: Int64
  /// By serial number, the content of its INTEGER.
  let entries: [ArraySlice<UInt8>: Entry]
  /// How many entries say that a certificate is revoked no longer (`removeFromCRL`).
  let removedCount: Int

  /// The largest list that is read, in octets: about 100 000 entries.
  static let maximumBytes = 4 << 20

  /// The octets of an object identifier that matter here: `id-ce-…`, and the rest below it.
  private enum Extension {
    static let crlNumber: [UInt8] = [0x55, 0x1D, 0x14]
    static let reasonCode: [UInt8] = [0x55, 0x1D, 0x15]
    static let invalidityDate: [UInt8] = [0x55, 0x1D, 0x18]
    static let deltaIndicator: [UInt8] = [0x55, 0x1D, 0x1B]
    static let issuingDistributionPoint: [UInt8] = [0x55, 0x1D, 0x1C]
    static let certificateIssuer: [UInt8] = [0x55, 0x1D, 0x1D]
    static let authorityKeyIdentifier: [UInt8] = [0x55, 0x1D, 0x23]
  }

  /// Why a list cannot be used, and by which rule.
  struct Refusal: Error {
    let rule: ServiceRule
    let message: String
  }

  init(_ der: [UInt8]) throws(Refusal) {
    guard der.count <= Self.maximumBytes else {
      throw Refusal(rule: .revocationListSize, message: "it has more than \(Self.maximumBytes) octets")
    }
    do throws(DERValues.Refusal) {
      let parts = try Self.parts(der[...])
      var fields = DERValues(parts.signed.content)
      // Version 2 is written 1. A list of version 1 has no extensions, so nobody could tell what it is for.
      guard try fields.next(ifTagged: 0x02)?.content == [1] else { throw DERValues.Refusal("it is not of version 2") }
      guard try fields.next(DERValues.sequence, "the algorithm").encoded == parts.algorithm.encoded else {
        throw DERValues.Refusal("it names two algorithms for one signature")
      }
      var algorithm = DERValues(parts.algorithm.content)
      self.algorithm = Array(try algorithm.next(0x06, "the algorithm's identifier").content)
      signature = parts.signature
      signedOctets = parts.signed.encoded
      issuer = Array(try fields.next(DERValues.sequence, "the issuer").encoded)
      thisUpdate = try Self.time(try fields.next(), "thisUpdate")
      guard let tag = fields.nextTag, tag == 0x17 || tag == 0x18 else { throw DERValues.Refusal("it does not say when the next one comes") }
      nextUpdate = try Self.time(try fields.next(), "nextUpdate")
      let entries = try fields.next(ifTagged: DERValues.sequence)
      let extensions = try fields.next(ifTagged: 0xA0)
      try fields.end(of: "the list")
      (self.entries, removedCount) = try Self.entries(entries)
      if let extensions { try Self.checkListExtensions(extensions) }
    } catch {
      throw Refusal(rule: error.rule, message: error.message)
    }
  }

  private static func parts(
    _ der: ArraySlice<UInt8>
  ) throws(DERValues.Refusal) -> (signed: DERValues.Value, algorithm: DERValues.Value, signature: [UInt8]) {
    var whole = DERValues(der)
    let list = try whole.next(DERValues.sequence, "the list")
    try whole.end(of: "the list")
    var parts = DERValues(list.content)
    let signed = try parts.next(DERValues.sequence, "the signed part")
    let algorithm = try parts.next(DERValues.sequence, "the algorithm")
    let signature = try parts.next(0x03, "the signature")
    try parts.end(of: "the list")
    guard signature.content.first == 0 else { throw DERValues.Refusal("its signature is not a whole number of octets") }
    return (signed, algorithm, Array(signature.content.dropFirst()))
  }

  private static func entries(
    _ value: DERValues.Value?
  ) throws(DERValues.Refusal) -> (revoked: [ArraySlice<UInt8>: Entry], removedCount: Int) {
    guard let value else { return ([:], 0) }
    guard !value.content.isEmpty else { throw DERValues.Refusal("its list of entries is there and empty") }
    var values = DERValues(value.content)
    var revoked: [ArraySlice<UInt8>: Entry] = [:]
    revoked.reserveCapacity(value.content.count / 40)
    var removed = 0
    while !values.isAtEnd {
      var fields = DERValues(try values.next(DERValues.sequence, "an entry").content)
      let serial = try fields.next(0x02, "a serial number").content
      guard !serial.isEmpty, serial.count <= 32 else { throw DERValues.Refusal("it has a serial number of \(serial.count) octets") }
      let revokedAt = try time(try fields.next(), "a time of revocation")
      let reason = try fields.next(ifTagged: DERValues.sequence).map { extensions throws(DERValues.Refusal) in try Self.reason(extensions) }
      try fields.end(of: "an entry")
      // Said of a certificate on an earlier list: it is good again (RFC 5280 section 5.3.1).
      if reason == .some(.some(8)) {
        removed += 1
        continue
      }
      revoked[serial] = Entry(revokedAt: revokedAt, reason: reason ?? nil)
    }
    return (revoked, removed)
  }

  /// The reason of an entry. An entry that speaks of another authority's certificate is refused: such a list is indirect.
  private static func reason(_ extensions: DERValues.Value) throws(DERValues.Refusal) -> UInt8? {
    var reason: UInt8?
    var values = DERValues(extensions.content)
    var seen: Set<ArraySlice<UInt8>> = []
    while !values.isAtEnd {
      let (identifier, isCritical, content) = try Self.extension(try values.next(DERValues.sequence, "an extension"))
      guard seen.insert(identifier).inserted else { throw DERValues.Refusal("an entry has an extension twice") }
      switch Array(identifier) {
      case Extension.reasonCode:
        var code = DERValues(content)
        let value = try code.next(0x0A, "a reason").content
        try code.end(of: "a reason")
        guard value.count == 1, let number = value.first, [1, 2, 3, 4, 5, 6, 8, 9, 10, 0].contains(number) else {
          throw DERValues.Refusal("it has a reason that does not exist")
        }
        reason = number
      case Extension.certificateIssuer:
        throw DERValues.Refusal(
          "an entry speaks of another authority's certificate (the extension certificateIssuer): the list is indirect",
          .revocationListExtension)
      case Extension.invalidityDate: continue
      default:
        guard !isCritical else {
          throw DERValues.Refusal(
            "an entry has the critical extension \(name(of: identifier)), which is not known here", .revocationListExtension)
        }
      }
    }
    return reason
  }

  private static func checkListExtensions(_ tagged: DERValues.Value) throws(DERValues.Refusal) {
    var outer = DERValues(tagged.content)
    let extensions = try outer.next(DERValues.sequence, "the extensions")
    try outer.end(of: "the extensions")
    var values = DERValues(extensions.content)
    var seen: Set<ArraySlice<UInt8>> = []
    while !values.isAtEnd {
      let (identifier, isCritical, _) = try Self.extension(try values.next(DERValues.sequence, "an extension"))
      guard seen.insert(identifier).inserted else { throw DERValues.Refusal("it has an extension twice") }
      switch Array(identifier) {
      case Extension.crlNumber, Extension.authorityKeyIdentifier: continue
      case Extension.deltaIndicator:
        throw DERValues.Refusal(
          "it is a delta list (the extension deltaCRLIndicator), which says only what has changed", .revocationListExtension)
      case Extension.issuingDistributionPoint:
        throw DERValues.Refusal(
          "it speaks for some of the authority's certificates only, or for others' (the extension issuingDistributionPoint)",
          .revocationListExtension)
      default:
        guard !isCritical else {
          throw DERValues.Refusal(
            "it has the critical extension \(name(of: identifier)), which is not known here", .revocationListExtension)
        }
      }
    }
  }

  private static func `extension`(
    _ value: DERValues.Value
  ) throws(DERValues.Refusal) -> (identifier: ArraySlice<UInt8>, isCritical: Bool, content: ArraySlice<UInt8>) {
    var fields = DERValues(value.content)
    let identifier = try fields.next(0x06, "an extension's identifier").content
    let critical = try fields.next(ifTagged: 0x01)
    guard critical == nil || critical?.content == [0xFF] else { throw DERValues.Refusal("it is not DER: a truth value") }
    let content = try fields.next(0x04, "an extension's content").content
    try fields.end(of: "an extension")
    return (identifier, critical != nil, content)
  }

  private static func name(of identifier: ArraySlice<UInt8>) -> String {
    guard identifier.count < 64, let known = try? ASN1ObjectIdentifier(derEncoded: [0x06, UInt8(identifier.count)] + identifier) else {
      return "with an identifier that cannot be read"
    }
    return "\(known)"
  }

  /// UTCTime or GeneralizedTime in the form of RFC 5280 section 5.1.2.4, in seconds since 1970.
  private static func time(_ value: DERValues.Value, _ name: String) throws(DERValues.Refusal) -> Int64 {
    do {
      switch value.tag {
      case 0x17:
        let time = try UTCTime(derEncoded: value.encoded)
        return seconds(time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
      case 0x18:
        let time = try GeneralizedTime(derEncoded: value.encoded)
        guard time.rawFractionalSeconds.isEmpty else { throw DERValues.Refusal("") }
        return seconds(time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
      default: throw DERValues.Refusal("")
      }
    } catch {
      throw DERValues.Refusal("\(name) is no time")
    }
  }

  /// The proleptic Gregorian calendar, counted in years that begin in March.
  private static func seconds(_ year: Int, _ month: Int, _ day: Int, _ hours: Int, _ minutes: Int, _ seconds: Int) -> Int64 {
    let year = Int64(month <= 2 ? year - 1 : year)
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return (era * 146_097 + dayOfEra - 719_468) * 86400 + Int64(hours * 3600 + minutes * 60 + seconds)
  }
}
