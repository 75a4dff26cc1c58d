@testable import PKCS11

/// What is fuzzed, and what must hold of any input whatever. `scripts/fuzz-pkcs11` looks for inputs with a coverage-guided fuzzer; the ones
/// it kept, in `Tests/Corpora`, are tried again in every run of the tests.
enum FuzzTarget: String, CaseIterable, Sendable {
  /// The input is a text that should be a URI or a label.
  case uri = "pkcs11-uri"
  /// The input is a script of what a module answers when it is asked for attributes.
  case attributes = "pkcs11-attributes"
  /// The input is what else a module says: text fields, lists of numbers, return values.
  case fields = "pkcs11-fields"

  /// Tries one input.
  ///
  /// - Returns: what is wrong; `nil` when everything holds.
  func finding(in input: [UInt8]) -> String? {
    switch self {
    case .uri: Self.findingInURI(input)
    case .attributes: Self.findingInAttributes(input)
    case .fields: Self.findingInFields(input)
    }
  }
}

/// An input that is read from its front; behind its end there are zeros.
struct FuzzScript {
  private var rest: ArraySlice<UInt8>

  init(_ input: [UInt8]) { rest = input[...] }

  var isEmpty: Bool { rest.isEmpty }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

  mutating func number() -> UInt { bytes(8).reduce(0) { $0 << 8 | UInt($1) } }
}

extension FuzzTarget {
  private static let secret = "Zq7vXk9s"

  private static func findingInURI(_ input: [UInt8]) -> String? {
    let text = String(decoding: input, as: UTF8.self)
    if let finding = findingInURI(text) { return finding }
    // A PIN at any place is never repeated.
    let halves = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    for pin in ["pin-value=\(secret)", "?pin-value=\(secret)", "&pin-source=file:/\(secret)", ";pin%2Dvalue=\(secret)"] {
      do {
        _ = try PKCS11URI(uriOrLabel: halves[0] + pin + (halves.count > 1 ? halves[1] : ""))
      } catch {
        if "\(error) \(error.hint ?? "")".contains(secret) { return "the error repeats the PIN: \(error)" }
      }
    }
    return nil
  }

  private static func findingInURI(_ text: String) -> String? {
    let uri: PKCS11URI
    do {
      uri = try PKCS11URI(uriOrLabel: text)
    } catch {
      let rules: Set<PKCS11Rule> = [.uriSyntax, .uriAttributeKnown, .uriAttributeOnce, .uriNoPIN, .tokenLabel]
      if !rules.contains(error.rule) { return "the error is of another room: \(error)" }
      return "\(error) \(error.hint ?? "")".utf8.count > 500 ? "the error is too long: \(error)" : nil
    }
    let written = uri.description
    if !PKCS11URI.begins(text), uri != PKCS11URI(label: text) { return "a label is not taken as it is" }
    if written.utf8.count > 4096 { return "it is written in \(written.utf8.count) bytes" }
    if !written.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) { return "it is written with more than visible ASCII" }
    if written.lowercased().contains("pin-value=") || written.lowercased().contains("pin-source=") { return "it is written with a PIN" }
    guard let again = try? PKCS11URI(written) else { return "what is written cannot be read: \(written)" }
    if again != uri || again.description != written { return "it is read differently the second time: \(written)" }
    if again.objectTemplate != uri.objectTemplate { return "it finds other objects the second time" }
    return nil
  }

  private static let attributeTypes: [AttributeType] = [
    .label, .id, .sensitive, .keyType, .objectClass, .allowedMechanisms, .value, .modulus, .ecPoint, .wrapTemplate,
  ]

  private static func findingInAttributes(_ input: [UInt8]) -> String? {
    var script = FuzzScript(input)
    let mask = script.byte()
    var types = attributeTypes.indices.filter { $0 > 7 || mask & 1 << $0 != 0 }.map { attributeTypes[$0] }
    if script.byte() != 0xFF { types.removeAll(where: \.isTemplate) }
    var written: [AttributeType: [UInt8]] = [:]
    var calls = 0
    let reader = AttributeReader(operation: "read attributes", token: "t") { (questions: inout [AttributeQuestion]) in
      calls += 1
      for index in questions.indices { answer(&questions[index], &script, &written) }
      return returnValue(script.byte(), &script)
    }
    do {
      return finding(in: try reader.read(types), types, written)
    } catch {
      let rules: Set<PKCS11Rule> = [.call, .attributeSize, .attributeLength, .attributeFlat]
      if !rules.contains(error.rule) { return "the error is of another room: \(error)" }
      if (error.rule == .call) != (error.returnValue != nil) { return "a call failed without an answer: \(error)" }
      if error.rule == .attributeFlat, calls > 0 { return "a template was asked for" }
      return error.description.utf8.count > 300 ? "the error is too long: \(error)" : nil
    }
  }

  /// Answers for one attribute as the script says, and notes what was written of it.
  private static func answer(_ question: inout AttributeQuestion, _ script: inout FuzzScript, _ written: inout [AttributeType: [UInt8]]) {
    let kind = script.byte()
    switch kind & 7 {
    case 0: question.length = UInt.max
    case 1: break
    case 2: question.length = script.number()
    case 3: question.length = UInt(script.byte()) << 6
    case 4: question.length = UInt(MemoryLayout<UInt>.size)
    case 5: question.length = 1
    default: question.length = UInt(kind >> 3)
    }
    guard let capacity = question.capacity else { return }
    question.value = script.bytes(min(capacity, 64))
    let length = min(Int(clamping: question.length ?? UInt(capacity)), capacity)
    let whole = question.value.prefix(length)
    written[question.type] = whole + [UInt8](repeating: 0, count: length - whole.count)
  }

  private static func returnValue(_ kind: UInt8, _ script: inout FuzzScript) -> ReturnValue {
    switch kind {
    case 0..<160: .ok
    case 160..<190: .attributeSensitive
    case 190..<220: .attributeTypeInvalid
    case 220..<230: .bufferTooSmall
    default: ReturnValue(rawValue: script.number())
    }
  }

  private static func finding(in values: AttributeValues, _ types: [AttributeType], _ written: [AttributeType: [UInt8]]) -> String? {
    for type in types {
      let value = values[type]
      if value.isSensitive && value.isUnavailable { return "\(type) is both sensitive and unavailable" }
      if (value.bytes == nil) != (value.isSensitive || value.isUnavailable) { return "\(type) has a value and has none" }
      if let bytes = value.bytes, !bytes.isEmpty, bytes != written[type] { return "\(type) is not what the module wrote" }
      if (value.bytes?.count ?? 0) > AttributeReader.maximumByteCount { return "\(type) is too long" }
      if let text = values.string(type), text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
        return "\(type) as a text has control characters"
      }
      let size = MemoryLayout<UInt>.size
      if let finding = disagreement(Result { try values.bool(type) != nil }, value, { $0 == [0] || $0 == [1] }) {
        return "\(type): \(finding)"
      }
      if let finding = disagreement(Result { try values.unsignedLong(type) != nil }, value, { $0.count == size }) {
        return "\(type): \(finding)"
      }
      if let finding = disagreement(Result { try values.mechanisms(type) != nil }, value, { $0.count % size == 0 }) {
        return "\(type): \(finding)"
      }
    }
    return nil
  }

  /// Whether a decoder took what it should not, or refused what it should take.
  private static func disagreement(
    _ decoded: Result<Bool, any Error>, _ value: AttributeValue, _ fits: ([UInt8]) -> Bool
  ) -> String? {
    switch (decoded, value.bytes) {
    case (.success(false), nil): nil
    case (.success(true), let bytes?) where fits(bytes): nil
    case (.failure(let error as PKCS11Error), let bytes?) where !fits(bytes) && error.rule == .attributeLength: nil
    default: "\(value.bytes?.count ?? -1) bytes were decoded wrongly"
    }
  }

  private static func findingInFields(_ input: [UInt8]) -> String? {
    var script = FuzzScript(input)
    let kind = script.byte()
    if kind & 1 != 0 {
      var field = SIMD32<UInt8>()
      for index in field.indices { field[index] = script.byte() }
      let text = text(of: field)
      if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) { return "a text has control characters" }
      if text.utf8.last == UInt8(ascii: " ") || text.utf8.count > 96 { return "a text has its filling" }
      if TokenLabel.isValid(text), (try? PKCS11URI(PKCS11URI(label: text).description))?.label != text {
        return "a label is lost in its URI"
      }
    }
    if kind & 2 != 0, let finding = findingInList(&script) { return finding }
    if kind & 4 != 0 {
      let value = ReturnValue(rawValue: script.number() >> UInt(script.byte() & 63))
      let functions = CryptokiFunction.allCases
      let function = functions[Int(script.byte()) % functions.count]
      let error = PKCS11Error(function: function.name, returnValue: value, token: nil, operation: "try")
      if error.returnValue != value || error.hint == nil { return "\(value) is lost" }
      if function == .C_Login, error.recovery == .retry { return "a PIN is shown twice" }
    }
    return nil
  }

  private static func findingInList(_ script: inout FuzzScript) -> String? {
    var calls = 0
    var written: [UInt] = []
    let list = Result {
      try numberList("list") { capacity in
        calls += 1
        let count = script.byte() < 200 ? UInt(script.byte()) : script.number()
        written = capacity.map { (0..<$0).map { UInt($0) + 1 } } ?? []
        return (count, written, returnValue(script.byte(), &script))
      } failure: {
        PKCS11Error(function: "C_GetSlotList", returnValue: $0, token: nil, operation: $1)
      }
    }
    if calls > 16 { return "a list was asked for \(calls) times" }
    guard let numbers = try? list.get() else { return nil }
    if numbers.count > 65_536 { return "a list has \(numbers.count) entries" }
    return numbers.elementsEqual(written.prefix(numbers.count)) ? nil : "a list is not what the module wrote"
  }
}
