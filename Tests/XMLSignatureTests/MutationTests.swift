import Foundation
import TestSupport
import Testing
import X509

@testable import XMLSignature

/// A signed document that is then changed. A change is either refused, or it changes nothing: the signed octets, the octets of
/// SignedInfo, the signature's value and the key are the original's. White space inside tags, comments and white space in
/// base64 are of that kind.
struct MutatedDocument: Sendable {
  let octets: [UInt8]
  private let original: Meaning

  struct Meaning: Equatable, Sendable {
    let signed: [UInt8]
    let signedInfo: [UInt8]
    let value: [UInt8]
    let key: Certificate.PublicKey

    init(_ octets: [UInt8]) throws {
      let verified = try EnvelopedSignatureVerifier().verify(octets)
      signed = verified.signedOctets
      key = verified.signingCertificate.publicKey
      let document = try XMLDocument(parsing: octets)
      let path = document.root.paths(named: SignatureProfile.signature)[0]
      signedInfo = try document.canonicalized(.exclusive, elementAt: path + [0])
      value = try SignatureElement(reading: #require(document.root.element(at: path))).value
    }
  }

  enum Outcome { case refused, same }

  init(_ octets: [UInt8]) throws {
    self.octets = octets
    original = try Meaning(octets)
  }

  /// What the verifier makes of a changed document. Another meaning is an issue.
  func outcome(of changed: [UInt8], _ what: @autoclosure () -> String) -> Outcome {
    do {
      _ = try EnvelopedSignatureVerifier().verify(changed)
    } catch {
      return .refused
    }
    if (try? Meaning(changed)) != original { Issue.record("\(what()): accepted with another meaning") }
    return .same
  }

  /// The offsets between two texts that occur once, the first one included.
  func range(from start: String, to end: String) throws -> Range<Int> {
    let text = Data(octets)
    let first = try #require(text.range(of: Data(start.utf8)))
    let last = try #require(text.range(of: Data(end.utf8), in: first.upperBound..<text.endIndex))
    return first.lowerBound..<last.lowerBound
  }

  /// The offsets of what is inside comments.
  func comments() throws -> [Range<Int>] {
    let text = Data(octets)
    var found: [Range<Int>] = []
    var position = text.startIndex
    while let start = text.range(of: Data("<!--".utf8), in: position..<text.endIndex) {
      let end = try #require(text.range(of: Data("-->".utf8), in: start.upperBound..<text.endIndex))
      found.append(start.upperBound..<end.lowerBound)
      position = end.upperBound
    }
    return found
  }

  /// Changes single octets on several threads and gives the offsets at which a change was accepted.
  func acceptedOffsets(_ offsets: [Int], changes: [@Sendable (UInt8) -> UInt8]) async -> [Int] {
    await withTaskGroup(of: [Int].self) { group in
      let count = 4
      for part in 0..<count {
        group.addTask {
          var accepted: [Int] = []
          for index in stride(from: part, to: offsets.count, by: count) {
            for (number, change) in changes.enumerated() {
              var changed = octets
              changed[offsets[index]] = change(changed[offsets[index]])
              guard changed != octets else { continue }
              if outcome(of: changed, "octet \(offsets[index]), change \(number)") == .same { accepted.append(offsets[index]) }
            }
          }
          return accepted
        }
      }
      return await group.reduce(into: []) { $0 += $1 }.sorted()
    }
  }
}

@Suite struct MutationTests {
  /// A letter or digit becomes another one, which keeps the document well-formed; and one bit is turned, which mostly does not.
  static let changes: [@Sendable (UInt8) -> UInt8] = [
    { octet in
      switch octet {
      case UInt8(ascii: "A"): UInt8(ascii: "B")
      case UInt8(ascii: "0")..<UInt8(ascii: "9"), UInt8(ascii: "A")..<UInt8(ascii: "Z"), UInt8(ascii: "a")..<UInt8(ascii: "z"): octet + 1
      default: UInt8(ascii: "A")
      }
    },
    { $0 ^ 1 },
  ]

  static let compact = """
    <p:R xmlns:p="urn:p" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><Id a="1">0123456-7</Id><p:N>Åsa &amp; Co</p:N></p:R>
    """

  @Test(
    "Every octet of signed content, of SignedInfo and of the signature's value, changed, is refused",
    arguments: ReferenceTransforms.allCases)
  func everyOctet(transforms: ReferenceTransforms) async throws {
    let signed = try MutatedDocument(await SigningFixture.signed(Self.compact, transforms).octets)
    let content = 0..<(try signed.range(from: "<Signature ", to: "<SignedInfo>").lowerBound)
    let signature = try signed.range(from: "<Signature ", to: "</SignatureValue>")
    let end = (signed.octets.count - 6)..<signed.octets.count
    let accepted = await signed.acceptedOffsets(Array(content) + Array(signature) + Array(end), changes: Self.changes)
    // The document has no octet without meaning, but that `ds` is declared counts only in an inclusive form.
    let unused = try signed.range(from: "xmlns:ds", to: "><Id")
    let meaningless = transforms == .envelopedOnly ? [] : accepted.filter(unused.contains)
    #expect(accepted == meaningless)
  }

  @Test("Every octet of the certificate, changed, is refused or found out by the issuer's signature")
  func certificate() async throws {
    let signed = try await SigningFixture.signed(Self.compact).octets
    let range = try MutatedDocument(signed).range(from: "<X509Certificate>", to: "</KeyInfo>")
    for offset in range {
      var changed = signed
      changed[offset] = Self.changes[0](changed[offset])
      // The XML signature does not cover the certificate; its issuer's signature does, here its own.
      guard let certificate = try? EnvelopedSignatureVerifier().verify(changed).signingCertificate,
        certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
      else { continue }
      #expect(certificate.tbsCertificateBytes == SigningFixture.certificate.tbsCertificateBytes, "octet \(offset)")
    }
  }

  @Test(
    "Every octet of an official sample's signed content, SignedInfo and signature's value, changed, is refused",
    .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)), arguments: OfficialSampleTests.samples)
  func officialSample(sample: String) async throws {
    let signed = try MutatedDocument(OfficialMaterial.bytes("incomes-register/\(sample)"))
    // From the root's tag to the last octet of the value, and what stands after the signature. Between them are only the certificate,
    // which has a test of its own, and the tags around it.
    let content = try signed.range(from: "<wrtir:", to: "</SignatureValue>")
    let end = try signed.range(from: "</Signature>", to: "</wrtir:").lowerBound..<signed.octets.count
    let accepted = await signed.acceptedOffsets(Array(content) + Array(end), changes: Array(Self.changes.prefix(1)))
    // What is accepted has passed as without meaning: it stands in comments.
    let comments = try signed.comments()
    #expect(accepted.allSatisfy { offset in comments.contains { $0.contains(offset) } })
  }
}
