public import Foundation
import KeyEvidence

/// One line of a transcript: what happened, when, and the digest of the line before.
///
/// A line is canonical JSON (RFC 8785) and ends with LF. docs/ceremony-transcript.md has the members of each kind.
public struct TranscriptEntry: Sendable, Hashable {
  /// What kind of thing happened.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The run begins. The first line, and no other.
    case opened
    /// The run goes on after an interruption.
    case resumed
    /// A step begins: what is about to be done stands here before it is done.
    case stepBegun = "step-begun"
    /// A step has come to its end.
    case stepDone = "step-done"
    /// A step did not come to its end.
    case stepFailed = "step-failed"
    /// Somebody was asked.
    case asked
    /// A file was read.
    case fileRead = "file-read"
    /// A file is about to be put in its place.
    case fileWritten = "file-written"
    /// A participant acknowledged, at a gate or at the end.
    case acknowledged
    /// A PIN was generated and shared among custodians.
    case pinShared = "pin-shared"
    /// A blank token got its serial number.
    case serial
    /// Something to know.
    case noted
    /// All steps are done.
    case finished
    /// The signatures over everything before. The last line.
    case sealed
  }

  /// The number of the entry, from 0.
  public let number: Int
  /// The SHA-256 of the line before, in hexadecimal; ``noPrevious`` for the first.
  public let previous: String
  /// When it was written, by this machine's clock, in whole seconds.
  public let time: Date
  /// What happened.
  public let body: Body

  /// What stands in the place of the digest before the first line: 64 zeros.
  public static let noPrevious = String(repeating: "0", count: 64)
  /// The longest line, in bytes, without its LF.
  public static let maximumLineSize = 1 << 20

  /// What kind of thing happened.
  public var kind: Kind { body.kind }

  /// The line, without its LF.
  public var line: [UInt8] {
    var members = body.value.members
    members["entry"] = .integer(number)
    members["kind"] = .string(kind.rawValue)
    members["previous"] = .string(previous)
    members["time"] = .string(EvidenceTime.text(time))
    return CanonicalJSON.encode(.object(members))
  }

  init(number: Int, previous: String, time: Date, body: Body) {
    self.number = number
    self.previous = previous
    self.time = time
    self.body = body
  }
}

extension TranscriptEntry {
  /// Reads a line, without its LF: strictly.
  init(line: [UInt8]) throws(EvidenceError) {
    let value = try CanonicalJSON.parse(line)
    guard case .object(let members) = value else {
      throw Self.refusal("", "there is \(value.kind) in the place of an object")
    }
    guard case .string(let name)? = members["kind"] else { throw Self.refusal("/kind", "there is no kind of entry") }
    guard let kind = Kind(rawValue: name) else {
      throw Self.refusal("/kind", "no kind of entry is called '\(EvidenceText.shown(name))'")
    }
    let object = try EvidenceObject(
      value, at: "", required: kind.bodyType.memberNames.union(["entry", "kind", "previous", "time"]), operation: Self.operation)
    guard let time = EvidenceTime.date(try object.text("time", 20...20)) else {
      throw object.failure("time", "it is no time in RFC 3339, in UTC and whole seconds")
    }
    self.init(
      number: try object.count("entry"), previous: try object.sha256("previous"), time: time, body: try kind.body(of: object))
  }

  static let operation = "read the transcript"

  private static func refusal(_ place: String, _ message: String) -> EvidenceError {
    EvidenceError(.members, where: place, operation: operation, message: message)
  }
}
