import TestSupport
import Testing

@testable import PKCS11

@Suite("Attributes read in one call")
struct AttributeBatchTests {
  private func read(
    _ rooms: [(type: AttributeType, byteCount: Int)], _ answer: @escaping (inout [AttributeQuestion]) -> ReturnValue
  ) throws(PKCS11Error) -> AttributeBatchAnswer {
    try AttributeReader(operation: "read", token: "t", answer: answer).read(AttributeBatch(rooms))
  }

  @Test("values are taken as they are, empty ones and shorter ones too")
  func values() throws {
    let answer = try read([(.label, 16), (.extractable, 1), (.id, 8)]) { questions in
      questions[0].value = Array("name".utf8)
      questions[0].length = 4
      questions[1].value = [0]
      questions[2].length = 0
      return .ok
    }
    #expect(answer.values.bytes(.label) == Array("name".utf8))
    #expect(try answer.values.bool(.extractable) == false)
    #expect(answer.values.bytes(.id) == [])
    #expect(answer.unanswered.isEmpty)
  }

  @Test(
    "what is missing, secret or too long is told apart from the rest, whatever the module calls it",
    arguments: [ReturnValue.attributeTypeInvalid, .attributeSensitive, .bufferTooSmall])
  func missing(_ returnValue: ReturnValue) throws {
    let answer = try read([(.label, 4), (.sensitive, 1), (.id, 8)]) { questions in
      questions[0].length = .max
      questions[1].value = [1]
      questions[2].length = 4096
      return returnValue
    }
    #expect(answer.unanswered == [.label, .id])
    #expect(try answer.values.bool(.sensitive) == true)
  }

  @Test(
    "a module that stops half way makes nothing look false, also when it says that all is well",
    arguments: [ReturnValue.ok, .attributeTypeInvalid])
  func stopped(_ returnValue: ReturnValue) throws {
    let answer = try read([(.sensitive, 1), (.extractable, 1), (.keyType, 8), (.label, 5)]) { questions in
      questions[0].value = [1]
      return returnValue
    }
    #expect(answer.unanswered == [.extractable, .keyType, .label])
    #expect(try answer.values.bool(.extractable) == nil)
  }

  @Test("an answer about the object as a whole is thrown")
  func thrown() {
    let error = #expect(throws: PKCS11Error.self) { _ = try read([(.label, 8)]) { _ in .objectHandleInvalid } }
    #expect(error?.returnValue == .objectHandleInvalid)
  }

  @Test("attributes with pointers are not asked for, none twice, and none with no room or too much")
  func rooms() {
    let batch = AttributeBatch([(.label, 0), (.wrapTemplate, 64), (.label, 9), (.id, 1 << 30)])
    #expect(batch.types == [.label, .id])
    #expect(batch.places.map(\.room) == [1, 64 << 10])
    #expect(AttributeBatch([]).types.isEmpty)
  }

  @Test("a module gives in one call what it gives in two")
  func real() throws {
    let fault = try FaultModule(.standAlone)
    var session = try Module(path: fault.path).tokens()[0].openSession(.readWrite)
    let object = try session.createObject([.init(.objectClass, ObjectClass.data), .init(.label, "note"), .init(.token, true)])
    let types: [AttributeType] = [.label, .objectClass, .token, .modifiable, .modulus]
    let careful = try session.attributes(types, of: object)
    let once = try session.attributes(AttributeBatch(types.map { ($0, 64) }), of: object)
    for type in types where careful.bytes(type) != nil { #expect(once.values.bytes(type) == careful.bytes(type)) }
    #expect(Set(once.unanswered) == Set(types.filter { careful[$0].isUnavailable }))
    #expect(throws: PKCS11Error.self) { _ = try session.attributes(AttributeBatch([(.label, 8)]), of: ObjectHandle(rawValue: 0xFFFF)) }
  }
}
