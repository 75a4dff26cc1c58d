/// The file in which SoftHSM 2 keeps what a token is (`token.object`): eight octets that count its changes, then attributes. An attribute
/// is a number and a kind of eight octets each, and a value whose form the kind says. All numbers have their most significant octet first.
struct SoftHSMTokenObject {
  /// The numbers of SoftHSM's own attributes, which `OSAttributes.h` defines.
  enum AttributeNumber {
    /// `CKA_OS_TOKENLABEL`, 32 octets, padded with spaces.
    static let label: UInt64 = 0x8000_5349
    /// `CKA_OS_TOKENSERIAL`, 16 octets, padded with spaces.
    static let serial: UInt64 = 0x8000_534a
  }

  private struct Attribute {
    let number: UInt64
    let kind: UInt64
    var value: [UInt8]
  }

  private let changes: [UInt8]
  private var attributes: [Attribute] = []

  /// Reads the file, all of it.
  ///
  /// - Throws: ``CeremonyRule/copy`` for a file of another form.
  init(_ bytes: [UInt8]) throws(CeremonyError) {
    var reader = Reader(rest: bytes[...])
    changes = try reader.take(8)
    while !reader.rest.isEmpty {
      let number = try reader.number()
      let kind = try reader.number()
      let value: [UInt8] =
        switch kind {
        case Kind.boolean: try reader.take(1)
        case Kind.number: try reader.take(8)
        case Kind.octets: try reader.take(Int(clamping: try reader.number()))
        default: throw Self.unknownForm
        }
      attributes.append(Attribute(number: number, kind: kind, value: value))
    }
  }

  /// The file as SoftHSM reads it.
  var bytes: [UInt8] {
    changes
      + attributes.flatMap { attribute in
        Self.octets(attribute.number) + Self.octets(attribute.kind)
          + (attribute.kind == Kind.octets ? Self.octets(UInt64(attribute.value.count)) : []) + attribute.value
      }
  }

  /// An attribute that is text padded with spaces.
  ///
  /// - Throws: ``CeremonyRule/copy`` when it is not there.
  func text(_ number: UInt64) throws(CeremonyError) -> String {
    guard let attribute = attributes.first(where: { $0.number == number && $0.kind == Kind.octets }) else { throw Self.unknownForm }
    var value = attribute.value[...]
    while value.last == UInt8(ascii: " ") { value.removeLast() }
    return String(decoding: value, as: UTF8.self)
  }

  /// Puts another text into the place of one, padded to the same length.
  ///
  /// - Throws: ``CeremonyRule/copy`` when it is not there, or the new one is longer.
  mutating func set(_ number: UInt64, to text: String) throws(CeremonyError) {
    guard let place = attributes.firstIndex(where: { $0.number == number && $0.kind == Kind.octets }),
      text.utf8.count <= attributes[place].value.count
    else { throw Self.unknownForm }
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: attributes[place].value.count - text.utf8.count)
    attributes[place].value = Array(text.utf8) + padding
  }

  private enum Kind {
    static let boolean: UInt64 = 1
    static let number: UInt64 = 2
    static let octets: UInt64 = 3
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func take(_ count: Int) throws(CeremonyError) -> [UInt8] {
      guard count <= rest.count else { throw SoftHSMTokenObject.unknownForm }
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }

    mutating func number() throws(CeremonyError) -> UInt64 { try take(8).reduce(0) { $0 << 8 | UInt64($1) } }
  }

  private static func octets(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }

  private static var unknownForm: CeremonyError {
    CeremonyError(
      .copy, operation: "copy a SoftHSM token", message: "its token.object has not the form that SoftHSM 2 writes",
      hint: "this copying is for throw-away tokens of SoftHSM with objectstore.backend = file")
  }
}
