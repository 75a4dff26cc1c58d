import KeyEvidence

/// What an entry of one kind has besides number, time and digest.
protocol TranscriptBody: Sendable, Hashable {
  /// All of these are there, and no others.
  static var memberNames: Set<String> { get }
  var members: [String: JSONValue] { get }
  init(_ object: EvidenceObject) throws(EvidenceError)
}

extension TranscriptEntry {
  /// What happened, by kind.
  public enum Body: Sendable, Hashable {
    case opened(Opened)
    case resumed(Resumed)
    case stepBegun(StepBegun)
    case stepDone(StepDone)
    case stepFailed(StepFailed)
    case asked(Asked)
    case fileRead(FileRecord)
    case fileWritten(FileRecord)
    case acknowledged(Acknowledged)
    case pinShared(PINShared)
    case serial(Serial)
    case noted(Noted)
    case finished(Finished)
    case sealed(Sealed)
  }
}

extension TranscriptEntry.Body {
  /// What kind of thing happened.
  public var kind: TranscriptEntry.Kind {
    switch self {
    case .opened: .opened
    case .resumed: .resumed
    case .stepBegun: .stepBegun
    case .stepDone: .stepDone
    case .stepFailed: .stepFailed
    case .asked: .asked
    case .fileRead: .fileRead
    case .fileWritten: .fileWritten
    case .acknowledged: .acknowledged
    case .pinShared: .pinShared
    case .serial: .serial
    case .noted: .noted
    case .finished: .finished
    case .sealed: .sealed
    }
  }

  /// The step that it belongs to, by its name in the plan, or one of ``TranscriptHistory/Moment``; nil for what is about the whole run.
  public var step: String? {
    switch self {
    case .opened, .resumed, .finished, .sealed: nil
    case .stepBegun(let body): body.step
    case .stepDone(let body): body.step
    case .stepFailed(let body): body.step
    case .asked(let body): body.step
    case .fileRead(let body), .fileWritten(let body): body.step
    case .acknowledged(let body): body.step
    case .pinShared(let body): body.step
    case .serial(let body): body.step
    case .noted(let body): body.step
    }
  }

  var value: any TranscriptBody {
    switch self {
    case .opened(let body): body
    case .resumed(let body): body
    case .stepBegun(let body): body
    case .stepDone(let body): body
    case .stepFailed(let body): body
    case .asked(let body): body
    case .fileRead(let body), .fileWritten(let body): body
    case .acknowledged(let body): body
    case .pinShared(let body): body
    case .serial(let body): body
    case .noted(let body): body
    case .finished(let body): body
    case .sealed(let body): body
    }
  }
}

extension TranscriptEntry.Kind {
  var bodyType: any TranscriptBody.Type {
    switch self {
    case .opened: TranscriptEntry.Opened.self
    case .resumed: TranscriptEntry.Resumed.self
    case .stepBegun: TranscriptEntry.StepBegun.self
    case .stepDone: TranscriptEntry.StepDone.self
    case .stepFailed: TranscriptEntry.StepFailed.self
    case .asked: TranscriptEntry.Asked.self
    case .fileRead, .fileWritten: TranscriptEntry.FileRecord.self
    case .acknowledged: TranscriptEntry.Acknowledged.self
    case .pinShared: TranscriptEntry.PINShared.self
    case .serial: TranscriptEntry.Serial.self
    case .noted: TranscriptEntry.Noted.self
    case .finished: TranscriptEntry.Finished.self
    case .sealed: TranscriptEntry.Sealed.self
    }
  }

  func body(of object: EvidenceObject) throws(EvidenceError) -> TranscriptEntry.Body {
    switch self {
    case .opened: .opened(try .init(object))
    case .resumed: .resumed(try .init(object))
    case .stepBegun: .stepBegun(try .init(object))
    case .stepDone: .stepDone(try .init(object))
    case .stepFailed: .stepFailed(try .init(object))
    case .asked: .asked(try .init(object))
    case .fileRead: .fileRead(try .init(object))
    case .fileWritten: .fileWritten(try .init(object))
    case .acknowledged: .acknowledged(try .init(object))
    case .pinShared: .pinShared(try .init(object))
    case .serial: .serial(try .init(object))
    case .noted: .noted(try .init(object))
    case .finished: .finished(try .init(object))
    case .sealed: .sealed(try .init(object))
    }
  }
}

extension EvidenceObject {
  /// A text with any characters, line ends among them: it was typed, or is a file.
  func freeText(_ name: String, maximum: Int = 16 << 10) throws(EvidenceError) -> String {
    guard case .string(let text) = try required(name) else { throw failure(name, "there is no text in the place of one") }
    guard text.utf8.count <= maximum else { throw failure(name, "the text has more than \(maximum) bytes") }
    return text
  }

  /// A text, or `null`.
  func nullableFreeText(_ name: String) throws(EvidenceError) -> String? {
    try required(name) == .null ? nil : try freeText(name)
  }

  /// A name out of the plan.
  func name(_ name: String) throws(EvidenceError) -> String { try text(name, 1...64) }

  /// One of the words that a type knows.
  func word<Word: RawRepresentable & CaseIterable>(_ name: String) throws(EvidenceError) -> Word where Word.RawValue == String {
    guard let word = Word(rawValue: try text(name, 1...64)) else {
      throw failure(name, "it is none of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return word
  }

  /// So many bytes in lower-case hexadecimal.
  func hexadecimal(_ name: String, bytes: ClosedRange<Int>) throws(EvidenceError) -> String {
    let text = try text(name)
    guard bytes.contains(text.utf8.count / 2), EvidenceText.isHexadecimal(text) else {
      throw failure(name, "it is not \(bytes.lowerBound) to \(bytes.upperBound) bytes in lower-case hexadecimal")
    }
    return text
  }

  /// An object whose members are the writer's to choose.
  func object(_ name: String) throws(EvidenceError) -> [String: JSONValue] {
    guard case .object(let members) = try required(name) else { throw failure(name, "there is no object in the place of one") }
    return members
  }

  /// A SHA-256, or `null`.
  func nullableSHA256(_ name: String) throws(EvidenceError) -> String? { try required(name) == .null ? nil : try sha256(name) }

  /// An object within this one.
  func inner(_ name: String, _ names: Set<String>) throws(EvidenceError) -> EvidenceObject {
    try EvidenceObject(try required(name), at: pointer(name), required: names, operation: TranscriptEntry.operation)
  }
}

extension JSONValue {
  /// The text, or `null`.
  static func text(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
}
