public import Foundation

/// One request and what came of it, as the log keeps it. No password is in it, and of a transfer id only its digest.
///
/// It is in the log before the first octet of its answer leaves, so whoever has an answer finds its line.
public struct LoggedRequest: Codable, Hashable, Sendable {
  /// `request`
  public let kind: String
  /// From 1, in the order in which the outcomes were decided.
  public internal(set) var number = 0
  /// The simulator's time.
  public internal(set) var at: Date
  /// The machine's time.
  public internal(set) var machineTime: Date
  /// The HTTP method.
  public internal(set) var method: String
  /// The path, of which only printable characters are kept.
  public internal(set) var path: String
  /// The operation's name in the WSDL; `revocationList` for a CRL; nothing where the request did not get so far as to tell.
  public internal(set) var operation: String?
  /// Whether it was asked of the test bench.
  public internal(set) var isTestBench = false
  /// The CustomerId, of which only printable characters are kept.
  public internal(set) var customerID: String?
  /// SHA-256 of the TransferId's UTF-8, in hexadecimal digits; signNewCertificate only.
  public internal(set) var transferIDDigest: String?
  /// SHA-256 of the SubjectPublicKeyInfo that a certificate was asked for, in hexadecimal digits.
  public internal(set) var publicKeyDigest: String?
  /// The serial number of the certificate that signed a renewal, in hexadecimal digits.
  public internal(set) var signerSerial: String?
  /// The HTTP status; 0 where there was no answer.
  public internal(set) var status = 0
  /// `OK` or `FAIL`, where the service's own answer was made.
  public internal(set) var result: String?
  /// The ErrorCodes of a FAIL.
  public internal(set) var errorCodes: [String] = []
  /// The RetrievalId that was given out, or that was asked with.
  public internal(set) var retrievalID: String?
  /// Whether the request spent a credential or issued a certificate, whatever the client was told.
  public internal(set) var committed = false
  /// The serial number of the certificate that was issued, or handed out, in hexadecimal digits.
  public internal(set) var serial: String?
  /// The faults that it met, in the order in which they took effect.
  public internal(set) var faults: [String] = []
  /// What was done with the answer: `whole`, `late`, `slow`, `cut-in-header`, `cut-in-body`, `none`.
  public internal(set) var delivery = "whole"
  /// The same as in the line on standard error.
  public internal(set) var outcome = ""

  init(method: String, path: String, at: Date, machineTime: Date) {
    kind = "request"
    self.method = method
    self.path = path
    self.at = at
    self.machineTime = machineTime
  }

  /// The requests in a log file, in their order. Lines of another kind, and a last line that is not finished, are passed over.
  ///
  /// - Throws: where the file cannot be read, or a finished line is no line of a log.
  public static func read(_ path: String) throws -> [LoggedRequest] {
    struct Line: Decodable { let kind: String }
    let decoder = LogFile.decoder
    let data = try Data(contentsOf: URL(filePath: path))
    return try data.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast().compactMap { line in
      guard try decoder.decode(Line.self, from: line).kind == "request" else { return nil }
      return try decoder.decode(LoggedRequest.self, from: line)
    }
  }
}

/// A change that the control file, or a test, asked for, as the log keeps it.
public struct LoggedChange: Codable, Hashable, Sendable {
  /// `change`
  public let kind: String
  /// The simulator's time, after the change.
  public let at: Date
  /// Where it came from: `control line 3`, or `test`.
  public let source: String
  /// Whether it was made.
  public let isAccepted: Bool
  /// What was done, or why nothing was.
  public let reason: String

  init(at: Date, source: String, isAccepted: Bool, reason: String) {
    kind = "change"
    self.at = at
    self.source = source
    self.isAccepted = isAccepted
    self.reason = reason
  }
}
