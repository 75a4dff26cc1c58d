import Foundation
import Synchronization
import X509
import XMLSignature

/// Signs responses in the agency's house style: the stand-alone response element, `ds:` prefix declared on its root, one reference
/// with the enveloped transform only, SignedInfo in exclusive canonical form, base64 with `&#13;` at line ends.
final class ResponseSigner: Sendable {
  private let key: Certificate.PrivateKey
  private let certificate: Certificate
  /// Signs without a deviation.
  private let plain: EnvelopedSigner
  /// What was signed without a deviation, by its document. The same document has the same signature, so a client that asks again and again
  /// whether its certificate is ready costs one.
  private let signed = Mutex<[String: String]>([:])

  private static let limit = 256

  init(key: Certificate.PrivateKey, certificate: Certificate) throws {
    self.key = key
    self.certificate = certificate
    plain = try EnvelopedSigner(key: key, certificate: certificate, transforms: .envelopedOnly, style: .prefixed("ds"))
  }

  /// How a response departs from the house style.
  struct Deviation: Hashable, Sendable {
    var usesSHA1 = false
    var exclusiveTransform = false
    var inPlace = false
    var withoutCarriageReturns = false
    var tampered = false
    var twoSignatures = false
  }

  /// - Returns: the response element with its signature, ready to be put into the envelope.
  func sign(_ payload: ResponsePayload, _ deviation: Deviation = Deviation()) async throws -> String {
    if deviation == Deviation() { return try await sign(payload.document()) }
    // A signature that is to hold inside the envelope covers the envelope's namespace declaration, which is in scope there.
    let inherited = [(prefix: "SOAP-ENV", namespace: Namespaces.soap)]
    let document = payload.document(declaring: deviation.inPlace ? inherited : [])
    var signed: String
    if deviation.usesSHA1 {
      signed = try WeakSignature.sign(document, key: key, certificate: certificate)
    } else {
      let signer = try EnvelopedSigner(
        key: key, certificate: certificate,
        transforms: deviation.exclusiveTransform ? .envelopedThenExclusiveC14N : .envelopedOnly, style: .prefixed("ds"))
      signed = String(decoding: try await signer.sign(Array(document.utf8)), as: UTF8.self)
    }
    if deviation.inPlace { signed = Self.removingFirst(" xmlns:SOAP-ENV=\"\(Namespaces.soap)\"", from: signed) }
    if deviation.withoutCarriageReturns { signed = signed.replacing("&#13;", with: "").replacing("&#xD;", with: "") }
    if deviation.tampered { signed = Self.tampered(signed, payload) }
    if deviation.twoSignatures { signed = Self.signatureTwice(signed) }
    return signed
  }

  private func sign(_ document: String) async throws -> String {
    if let known = signed.withLock({ $0[document] }) { return known }
    let result = String(decoding: try await plain.sign(Array(document.utf8)), as: UTF8.self)
    signed.withLock { signed in
      if signed.count >= Self.limit { signed = [:] }
      signed[document] = result
    }
    return result
  }

  /// Puts a signature in as the last child of the root.
  static func appending(_ signature: String, to document: String) -> String {
    guard let end = document.range(of: "</", options: .backwards) else { return document }
    return document.replacingCharacters(in: end.lowerBound..<end.lowerBound, with: signature)
  }

  private static func removingFirst(_ text: String, from document: String) -> String {
    guard let found = document.range(of: text) else { return document }
    return document.replacingCharacters(in: found, with: "")
  }

  /// Changes one character of what the signature covers: of the answer, else of the error message, else of the status.
  private static func tampered(_ document: String, _ payload: ResponsePayload) -> String {
    let names = payload.answer != nil ? [payload.operation.answerElement] : payload.errors.isEmpty ? ["Status"] : ["ErrorMessage"]
    guard let name = names.first, let open = document.range(of: "<\(name)>"),
      let close = document.range(of: "</\(name)>", range: open.upperBound..<document.endIndex)
    else { return document }
    let middle = document.index(
      open.upperBound, offsetBy: document.distance(from: open.upperBound, to: close.lowerBound) / 2)
    let replacement = document[middle] == "A" ? "B" : "A"
    return document.replacingCharacters(in: middle...middle, with: replacement)
  }

  private static func signatureTwice(_ document: String) -> String {
    guard let open = document.range(of: "<ds:Signature", options: .literal), let close = document.range(of: "</ds:Signature>")
    else { return document }
    let signature = String(document[open.lowerBound..<close.upperBound])
    return document.replacingCharacters(in: close.upperBound..<close.upperBound, with: signature)
  }
}
