internal import CCryptoki

/// Attributes that are asked for in one call, each with room for a value of the size that is expected.
///
/// Reading with room costs a token half as much as asking for all lengths first. What does not fit, what the object does not have and what
/// a module leaves out is not told apart here; who wants to know asks for it once more, by its types, which takes more calls.
public struct AttributeBatch: Sendable, Hashable {
  struct Place: Hashable {
    let type: AttributeType
    let offset: Int
    let room: Int
  }

  let places: [Place]
  let byteCount: Int

  /// - Parameter rooms: the attributes, each with the size in bytes that its value has at most as a rule; 1 to 64 KiB. Attributes that
  ///   are templates are left out, and so is what is named a second time.
  public init(_ rooms: [(type: AttributeType, byteCount: Int)]) {
    var offset = 0
    var seen: Set<AttributeType> = []
    places = rooms.compactMap { room in
      guard !room.type.isTemplate, seen.insert(room.type).inserted else { return nil }
      let size = min(max(room.byteCount, 1), 64 << 10)
      defer { offset += AttributeMemory.padded(size) }
      return Place(type: room.type, offset: offset, room: size)
    }
    byteCount = offset
  }

  /// The attributes that are asked for.
  public var types: [AttributeType] { places.map(\.type) }

  /// The attributes that are asked for, each with its room in bytes.
  public var rooms: [(type: AttributeType, byteCount: Int)] { places.map { ($0.type, $0.room) } }
}

/// What was answered at once, and what was not.
public struct AttributeBatchAnswer: Sendable {
  /// The values that were given.
  public let values: AttributeValues
  /// Attributes without a value: not there, sensitive, longer than the room, or not looked at by the module. Asked for by their types each
  /// gets its reason.
  public let unanswered: [AttributeType]
}

extension AttributeReader {
  /// What the room is filled with before a call: a value that is still all of this was not written by the module. It is neither of the two
  /// truth values, so a module that stops half way cannot make an attribute look false.
  private static let untouched: UInt8 = 0xA5

  /// Most attributes are one of these two, which need not be allocated each time.
  private static let isFalse = AttributeValue(content: .bytes([0]))
  private static let isTrue = AttributeValue(content: .bytes([1]))

  /// Reads attributes in one call. An answer that not all is there is about single attributes and fails nothing.
  func read(_ batch: AttributeBatch) throws(PKCS11Error) -> AttributeBatchAnswer {
    var contents: [AttributeType: AttributeValue] = [:]
    contents.reserveCapacity(batch.places.count)
    var unanswered: [AttributeType] = []
    if batch.places.isEmpty { return AttributeBatchAnswer(values: AttributeValues([:], token: token), unanswered: []) }
    let answer = unsafe withUnsafeTemporaryAllocation(byteCount: batch.byteCount, alignment: AttributeMemory.alignment) { memory in
      unsafe memory.initializeMemory(as: UInt8.self, repeating: Self.untouched)
      return unsafe withUnsafeTemporaryAllocation(of: CK_ATTRIBUTE.self, capacity: batch.places.count) { records in
        for (index, place) in batch.places.enumerated() {
          let record = unsafe CK_ATTRIBUTE(
            type: place.type.rawValue, pValue: memory.baseAddress! + place.offset, ulValueLen: CK_ULONG(place.room))
          unsafe records.initializeElement(at: index, to: record)
        }
        let answer = unsafe query(records.baseAddress!, CK_ULONG(records.count))
        for (index, place) in batch.places.enumerated() {
          let length = unsafe records[index].ulValueLen
          guard length <= place.room else {
            unanswered.append(place.type)
            continue
          }
          if length == 1, unsafe memory[place.offset] <= 1 {
            contents[place.type] = unsafe memory[place.offset] == 1 ? Self.isTrue : Self.isFalse
            continue
          }
          let bytes = unsafe [UInt8](memory[place.offset..<place.offset + Int(length)])
          if Int(length) == place.room, bytes.allSatisfy({ $0 == Self.untouched }) {
            unanswered.append(place.type)
          } else {
            contents[place.type] = AttributeValue(content: .bytes(bytes))
          }
        }
        return answer
      }
    }
    guard [.ok, .attributeSensitive, .attributeTypeInvalid, .bufferTooSmall].contains(answer) else {
      throw PKCS11Error(function: CryptokiFunction.C_GetAttributeValue.name, returnValue: answer, token: token, operation: operation)
    }
    return AttributeBatchAnswer(values: AttributeValues(contents, token: token), unanswered: unanswered)
  }
}

extension Session {
  /// Reads attributes of an object in one call (`C_GetAttributeValue`), as far as that goes.
  ///
  /// - Throws: what the token answered about the object as a whole.
  public mutating func attributes(_ batch: AttributeBatch, of object: ObjectHandle) throws(PKCS11Error) -> AttributeBatchAnswer {
    try reading(object) { reader throws(PKCS11Error) in try reader.read(batch) }
  }
}
