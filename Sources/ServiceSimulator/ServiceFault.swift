/// A misbehaviour that can be asked for, to see what a client does.
///
/// A name never changes what another one does, so several can be set at once: one of content, one of signing, one of delivery.
public struct ServiceFault: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// The name on a command line: `other-ca`.
  public let rawValue: String
  /// What the client gets, in one sentence.
  public let explanation: String
  /// The operations that it can be asked for.
  public let operations: [ServiceOperation]

  /// Nothing for an unknown name.
  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  init(_ rawValue: String, _ explanation: String, _ operations: [ServiceOperation] = ServiceOperation.allCases) {
    self.rawValue = rawValue
    self.explanation = explanation
    self.operations = operations
  }

  public var description: String { rawValue }
  public static func == (left: ServiceFault, right: ServiceFault) -> Bool { left.rawValue == right.rawValue }
  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }

  // Signing

  /// The response has no signature.
  public static let unsigned = ServiceFault("unsigned", "The response has no signature.")
  /// One character of the response was changed after it was signed.
  public static let tampered = ServiceFault("tampered", "One character of the response was changed after it was signed.")
  /// The response is signed by a certificate of another hierarchy whose names are the same and whose keys are not.
  public static let otherCA = ServiceFault(
    "other-ca", "The response is signed by a certificate of another hierarchy whose names are the same and whose keys are not.")
  /// The response is signed by a customer's certificate, from the same root.
  public static let signedByCustomer = ServiceFault(
    "signed-by-customer", "The response is signed by a customer's certificate, from the same root.")
  /// Digest and signature are SHA-1; both verify.
  public static let sha1 = ServiceFault("sha1", "Digest and signature are SHA-1; both verify.")
  /// The response carries its signature twice.
  public static let twoSignatures = ServiceFault("two-signatures", "The response carries its signature twice.")
  /// The reference has the exclusive canonicalization transform after the enveloped one; it verifies.
  public static let exclusiveTransform = ServiceFault(
    "exclusive-transform", "The reference has the exclusive canonicalization transform after the enveloped one; it verifies.")
  /// The signature holds inside the envelope and not over the stand-alone response.
  public static let signedInPlace = ServiceFault(
    "signed-in-place", "The signature holds inside the envelope and not over the stand-alone response.")
  /// The base64 of signature and certificate is wrapped by line feeds alone; it verifies.
  public static let noCarriageReturns = ServiceFault(
    "no-carriage-returns", "The base64 of signature and certificate is wrapped by line feeds alone; it verifies.")

  // Structure

  /// The signed response stands in the Header; the Body holds an unsigned one with another answer.
  public static let wrapped = ServiceFault(
    "wrapped", "The signed response stands in the Header; the Body holds an unsigned one with another answer.")
  /// The Body holds an unsigned response with another answer, and after it the signed one.
  public static let wrappedInBody = ServiceFault(
    "wrapped-in-body", "The Body holds an unsigned response with another answer, and after it the signed one.")
  /// The envelope has a document type declaration.
  public static let dtd = ServiceFault("dtd", "The envelope has a document type declaration.")
  /// The envelope declares an entity, and the Status is a reference to it.
  public static let entity = ServiceFault("entity", "The envelope declares an entity, and the Status is a reference to it.")
  /// The envelope is followed by 4 MiB of white space.
  public static let oversize = ServiceFault("oversize", "The envelope is followed by 4 MiB of white space.")

  // Results

  /// The answer is a signed FAIL without ErrorInfo; nothing is committed.
  public static let failWithoutErrorInfo = ServiceFault(
    "fail-without-error-info", "The answer is a signed FAIL without ErrorInfo; nothing is committed.")
  /// The answer is a signed FAIL with three ErrorInfos; nothing is committed.
  public static let severalErrorInfos = ServiceFault(
    "several-error-infos", "The answer is a signed FAIL with three ErrorInfos; nothing is committed.")
  /// The answer is a signed OK without the RetrievalId (for getCertificate: without the Certificate).
  public static let okWithoutRetrievalID = ServiceFault(
    "ok-without-retrieval-id", "The answer is a signed OK without the RetrievalId (for getCertificate: without the Certificate).")

  /// The answer is a signed one to another operation; the request is carried out.
  public static let answerToAnotherOperation = ServiceFault(
    "answer-to-another-operation", "The answer is a signed one to another operation; the request is carried out.")
  /// The RetrievalId is that of an earlier request, or one that nobody knows; the request is carried out under its own.
  public static let staleRetrievalID = ServiceFault(
    "stale-retrieval-id",
    "The RetrievalId is that of an earlier request, or one that nobody knows; the request is carried out under its own.",
    [.signNew, .renew])
  /// A certificate that has been fetched before is not ready any more.
  public static let notReadyAgain = ServiceFault(
    "not-ready-again", "A certificate that has been fetched before is not ready any more.", [.get])

  // Certificates

  /// The certificate is for a key that nobody asked it for.
  public static let certificateForAnotherKey = ServiceFault(
    "certificate-for-another-key", "The certificate is for a key that nobody asked it for.", [.get])
  /// The certificate names another customer.
  public static let certificateForAnotherCustomer = ServiceFault(
    "certificate-for-another-customer", "The certificate names another customer.", [.get])
  /// The certificate comes from the CA of the response signers, under the same root.
  public static let certificateFromAnotherIssuer = ServiceFault(
    "certificate-from-another-issuer", "The certificate comes from the CA of the response signers, under the same root.", [.get])
  /// The certificate is the first one that this customer ever got, not the one that was asked for.
  public static let certificateKnown = ServiceFault(
    "certificate-known", "The certificate is the first one that this customer ever got, not the one that was asked for.", [.get])
  /// The certificate's time is over since yesterday.
  public static let certificateExpired = ServiceFault(
    "certificate-expired", "The certificate's time is over since yesterday.", [.get])
  /// The certificate's time begins tomorrow.
  public static let certificateNotYetValid = ServiceFault(
    "certificate-not-yet-valid", "The certificate's time begins tomorrow.", [.get])
  /// The certificate is good for 20 years.
  public static let certificateValidTooLong = ServiceFault(
    "certificate-valid-too-long", "The certificate is good for 20 years.", [.get])
  /// The certificate element holds the base64 of PEM text instead of DER.
  public static let pemInsteadOfDER = ServiceFault(
    "pem-instead-of-der", "The certificate element holds the base64 of PEM text instead of DER.", [.get])

  // Delivery

  /// HTTP 502 with an HTML page; nothing is committed.
  public static let html502 = ServiceFault("html-502", "HTTP 502 with an HTML page; nothing is committed.")
  /// HTTP 500 with a SOAP-ENV:Server fault; nothing is committed.
  public static let soapFault500 = ServiceFault(
    "soap-fault-500", "HTTP 500 with a SOAP-ENV:Server fault; nothing is committed.")
  /// HTTP 302 to another path of the simulator; nothing is committed.
  public static let redirect = ServiceFault("redirect", "HTTP 302 to another path of the simulator; nothing is committed.")
  /// HTTP 200 with an empty body; nothing is committed.
  public static let empty200 = ServiceFault("empty-200", "HTTP 200 with an empty body; nothing is committed.")
  /// The connection closes without a byte of an answer; nothing is committed.
  public static let closeBeforeCommit = ServiceFault(
    "close-before-commit", "The connection closes without a byte of an answer; nothing is committed.")
  /// No answer; the connection closes in the end; nothing is committed.
  public static let hangBeforeCommit = ServiceFault(
    "hang-before-commit", "No answer; the connection closes in the end; nothing is committed.")
  /// The request is carried out, and there is no answer; the connection closes in the end.
  public static let hangAfterCommit = ServiceFault(
    "hang-after-commit", "The request is carried out, and there is no answer; the connection closes in the end.")
  /// The request is carried out, and the connection closes without a byte of an answer.
  public static let closeAfterCommit = ServiceFault(
    "close-after-commit", "The request is carried out, and the connection closes without a byte of an answer.")
  /// The request is carried out, and the connection closes in the middle of the answer's header.
  public static let cutInHeader = ServiceFault(
    "cut-in-header", "The request is carried out, and the connection closes in the middle of the answer's header.")
  /// The request is carried out, and the connection closes in the middle of the answer's body.
  public static let cutInBody = ServiceFault(
    "cut-in-body", "The request is carried out, and the connection closes in the middle of the answer's body.")
  /// The request is carried out at once, and the answer comes after a while.
  public static let lateAnswer = ServiceFault(
    "late-answer", "The request is carried out at once, and the answer comes after a while.")
  /// The answer is whole, in pieces of 64 octets with pauses between them.
  public static let slowBody = ServiceFault("slow-body", "The answer is whole, in pieces of 64 octets with pauses between them.")

  // Revocation lists

  /// There is no revocation list: HTTP 404.
  public static let listAbsent = ServiceFault("crl-absent", "There is no revocation list: HTTP 404.", [.revocationList])
  /// No revocation list comes; the connection closes in the end.
  public static let listHangs = ServiceFault(
    "crl-hang", "No revocation list comes; the connection closes in the end.", [.revocationList])
  /// The revocation list is eight days old; the next one was due yesterday.
  public static let listExpired = ServiceFault(
    "crl-expired", "The revocation list is eight days old; the next one was due yesterday.", [.revocationList])
  /// The revocation list is of tomorrow.
  public static let listNotYetValid = ServiceFault("crl-not-yet-valid", "The revocation list is of tomorrow.", [.revocationList])
  /// The revocation list is signed by a key that is not the CA's, and lists nothing.
  public static let listForged = ServiceFault(
    "crl-forged", "The revocation list is signed by a key that is not the CA's, and lists nothing.", [.revocationList])
  /// The revocation list is another CA's, rightly signed by that one.
  public static let listOfAnotherIssuer = ServiceFault(
    "crl-of-another-issuer", "The revocation list is another CA's, rightly signed by that one.", [.revocationList])
  /// The revocation list is cut off in the middle.
  public static let listTruncated = ServiceFault("crl-truncated", "The revocation list is cut off in the middle.", [.revocationList])

  public static let allCases: [ServiceFault] =
    [
      .unsigned, .tampered, .otherCA, .signedByCustomer, .sha1, .twoSignatures, .exclusiveTransform, .signedInPlace, .noCarriageReturns,
      .wrapped, .wrappedInBody, .dtd, .entity, .oversize, .failWithoutErrorInfo, .severalErrorInfos, .okWithoutRetrievalID,
      .answerToAnotherOperation, .staleRetrievalID, .notReadyAgain,
    ] + refusals + [
      .certificateForAnotherKey, .certificateForAnotherCustomer, .certificateFromAnotherIssuer, .certificateKnown, .certificateExpired,
      .certificateNotYetValid, .certificateValidTooLong, .pemInsteadOfDER, .html502, .soapFault500, .redirect, .empty200,
      .closeBeforeCommit, .hangBeforeCommit, .hangAfterCommit, .closeAfterCommit, .cutInHeader, .cutInBody, .lateAnswer, .slowBody,
      .listAbsent, .listHangs, .listExpired, .listNotYetValid, .listForged, .listOfAnotherIssuer, .listTruncated,
    ]
}
