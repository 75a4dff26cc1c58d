/// An object of a document, read strictly: the members that belong there, of their types, and no others.
package struct EvidenceObject {
  /// Where it is: a JSON pointer.
  package let pointer: String
  private let members: [String: JSONValue]
  private let operation: String

  /// The object that a value is.
  ///
  /// - Throws: `EVIDENCE-MEMBERS` where it is none, where a member is missing, and where there is one that nobody knows.
  package init(
    _ value: JSONValue, at pointer: String, required: Set<String>, optional: Set<String> = [], operation: String = "read the document"
  ) throws(EvidenceError) {
    guard case .object(let members) = value else {
      throw EvidenceError(.members, where: pointer, operation: operation, message: "there is \(value.kind) in the place of an object")
    }
    let missing = required.subtracting(members.keys).min()
    if let unknown = Set(members.keys).subtracting(required).subtracting(optional).min() {
      throw EvidenceError(
        .members, where: JSONPointer.appending(EvidenceText.shown(unknown), to: pointer), operation: operation,
        message: "there is no such member in this format" + (missing.map { ", and the member '\($0)' is missing" } ?? ""))
    }
    if let missing {
      throw EvidenceError(.members, where: pointer, operation: operation, message: "the member '\(missing)' is missing")
    }
    self.members = members
    self.pointer = pointer
    self.operation = operation
  }

  /// The pointer to a member.
  package func pointer(_ name: String) -> String { JSONPointer.appending(name, to: pointer) }

  /// A member, if it is there.
  package func value(_ name: String) -> JSONValue? { members[name] }

  /// A member that must be there.
  package func required(_ name: String) throws(EvidenceError) -> JSONValue {
    guard let value = members[name] else { throw failure(name, "it is missing") }
    return value
  }

  /// A text of so many bytes, without control characters.
  package func text(_ name: String, _ lengths: ClosedRange<Int> = 0...1024) throws(EvidenceError) -> String {
    try Self.text(try required(name), at: pointer(name), lengths, operation: operation)
  }

  /// A text that may be missing.
  package func optionalText(_ name: String, _ lengths: ClosedRange<Int> = 0...1024) throws(EvidenceError) -> String? {
    members[name] == nil ? nil : try text(name, lengths)
  }

  /// `true` or `false`.
  package func bool(_ name: String) throws(EvidenceError) -> Bool {
    let value = try required(name)
    guard case .bool(let flag) = value else { throw failure(name, "there is \(value.kind) in the place of a boolean") }
    return flag
  }

  /// A number that is not negative.
  package func count(_ name: String) throws(EvidenceError) -> Int {
    let value = try required(name)
    guard case .integer(let number) = value else { throw failure(name, "there is \(value.kind) in the place of an integer") }
    guard number >= 0 else { throw failure(name, "the number is negative") }
    return number
  }

  /// A SHA-256 in hexadecimal.
  package func sha256(_ name: String) throws(EvidenceError) -> String {
    let text = try text(name)
    guard EvidenceText.isSHA256(text) else { throw failure(name, "it is no SHA-256 in 64 lower-case hexadecimal digits") }
    return text
  }

  /// Bytes in base64.
  package func bytes(_ name: String, maximum: Int = 1 << 20) throws(EvidenceError) -> [UInt8] {
    try Self.bytes(try required(name), at: pointer(name), maximum: maximum, operation: operation)
  }

  /// The elements of a list, each with its pointer.
  package func elements(_ name: String, maximum: Int = 4096) throws(EvidenceError) -> [(pointer: String, value: JSONValue)] {
    let value = try required(name)
    guard case .array(let elements) = value else { throw failure(name, "there is \(value.kind) in the place of an array") }
    guard elements.count <= maximum else {
      throw failure(name, "there are \(elements.count) elements, and at most \(maximum) belong there")
    }
    return elements.enumerated().map { (JSONPointer.appending($0.offset, to: pointer(name)), $0.element) }
  }

  /// A list of texts.
  package func texts(_ name: String, maximum: Int = 256) throws(EvidenceError) -> [String] {
    var texts: [String] = []
    for (pointer, value) in try elements(name, maximum: maximum) {
      texts.append(try Self.text(value, at: pointer, 1...1024, operation: operation))
    }
    return texts
  }

  /// What is wrong with a member.
  package func failure(_ name: String, _ message: String, rule: EvidenceRule = .members) -> EvidenceError {
    EvidenceError(rule, where: pointer(name), operation: operation, message: message)
  }
}

extension EvidenceObject {
  /// A text of so many bytes, without control characters.
  static func text(_ value: JSONValue, at pointer: String, _ lengths: ClosedRange<Int>, operation: String) throws(EvidenceError) -> String {
    guard case .string(let text) = value else {
      throw EvidenceError(.members, where: pointer, operation: operation, message: "there is \(value.kind) in the place of a text")
    }
    guard lengths.contains(text.utf8.count) else {
      throw EvidenceError(
        .members, where: pointer, operation: operation,
        message: "the text has \(text.utf8.count) bytes, and \(lengths.lowerBound) to \(lengths.upperBound) belong there")
    }
    guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
      throw EvidenceError(.members, where: pointer, operation: operation, message: "the text has control characters")
    }
    return text
  }

  /// Bytes in base64.
  static func bytes(_ value: JSONValue, at pointer: String, maximum: Int, operation: String) throws(EvidenceError) -> [UInt8] {
    guard case .string(let text) = value else {
      throw EvidenceError(.members, where: pointer, operation: operation, message: "there is \(value.kind) in the place of base64")
    }
    guard let bytes = EvidenceText.bytes(base64: text) else {
      throw EvidenceError(.members, where: pointer, operation: operation, message: "it is no base64 with padding and without line breaks")
    }
    guard !bytes.isEmpty, bytes.count <= maximum else {
      throw EvidenceError(
        .members, where: pointer, operation: operation, message: "there are \(bytes.count) bytes, and 1 to \(maximum) belong there")
    }
    return bytes
  }
}
