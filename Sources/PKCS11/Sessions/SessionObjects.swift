internal import CCryptoki

extension Session {
  /// The objects that have all of the attributes given (`C_FindObjectsInit`, `C_FindObjects`, `C_FindObjectsFinal`).
  ///
  /// Private objects are found only while the user is logged in. The search is ended on every way out.
  ///
  /// - Parameter limit: how many to return at most. To find out whether there is exactly one, ask for two.
  public mutating func findObjects(matching attributes: [Attribute], limit: Int = 10_000) throws(PKCS11Error) -> [ObjectHandle] {
    let operation = "find objects"
    let handle = try handle
    try unsafe call(.C_FindObjectsInit, cryptoki.functions.pointee.C_FindObjectsInit, operation: operation) { function in
      unsafe attributes.withTemplate { unsafe ReturnValue(function(handle, $0, $1)) }.rawValue
    }
    var found: [ObjectHandle] = []
    let problem = collectObjects(handle, into: &found, limit: limit, operation)
    let answer = unsafe cryptoki.answer(.C_FindObjectsFinal, cryptoki.functions.pointee.C_FindObjectsFinal) { $0(handle) }
    // A search that was not ended is still active, and the session good for nothing else.
    if answer != .ok { isPoisoned = true }
    if let problem { throw problem }
    guard answer == .ok else { throw failure(.C_FindObjectsFinal, answer, operation: operation) }
    return found
  }

  /// Reads handles until there are no more; returns what went wrong, so that the caller can end the search.
  private mutating func collectObjects(
    _ handle: CK_SESSION_HANDLE, into found: inout [ObjectHandle], limit: Int, _ operation: String
  ) -> PKCS11Error? {
    let chunk = 256
    var numbers = [CK_OBJECT_HANDLE](repeating: 0, count: chunk)
    while found.count < limit {
      let wanted = CK_ULONG(min(chunk, limit - found.count))
      var count: CK_ULONG = 0
      let answer = unsafe cryptoki.answer(.C_FindObjects, cryptoki.functions.pointee.C_FindObjects) { function in
        unsafe numbers.withUnsafeMutableBufferPointer { unsafe function(handle, $0.baseAddress, wanted, &count) }
      }
      guard answer == .ok else { return failure(.C_FindObjects, answer, operation: operation) }
      guard count <= wanted else {
        return PKCS11Error(
          rule: .listSize, function: CryptokiFunction.C_FindObjects.name, token: token.label, operation: operation,
          message: "the module claims \(count) objects where \(wanted) were asked for")
      }
      if count == 0 { return nil }
      for number in numbers.prefix(Int(count)) { found.append(ObjectHandle(rawValue: number)) }
    }
    return nil
  }

  /// Reads attributes of an object (`C_GetAttributeValue`): all lengths in one call, all values in another.
  ///
  /// Attributes that are sensitive or that the object does not have are values of the result, not errors.
  ///
  /// - Throws: ``PKCS11Rule/attributeSize`` beyond 1 MiB for one value or 4 MiB for all, ``PKCS11Rule/attributeFlat`` for attributes that
  ///   are templates.
  public mutating func attributes(_ types: [AttributeType], of object: ObjectHandle) throws(PKCS11Error) -> AttributeValues {
    try reading(object) { reader throws(PKCS11Error) in try reader.read(types) }
  }

  /// Lends what reads attributes of one object (`C_GetAttributeValue`), and says of a token's answer which function gave it.
  mutating func reading<Result>(
    _ object: ObjectHandle, _ body: (AttributeReader) throws(PKCS11Error) -> Result
  ) throws(PKCS11Error) -> Result {
    let handle = try handle
    let cryptoki = cryptoki
    let reader = unsafe AttributeReader(operation: "read attributes", token: token.label) { records, count in
      unsafe cryptoki.answer(.C_GetAttributeValue, cryptoki.functions.pointee.C_GetAttributeValue) {
        unsafe $0(handle, object.rawValue, records, count)
      }
    }
    do {
      return try body(reader)
    } catch {
      if let answer = error.returnValue { throw failure(.C_GetAttributeValue, answer, operation: error.operation) }
      throw error
    }
  }

  /// Changes attributes of an object (`C_SetAttributeValue`).
  public mutating func setAttributes(_ attributes: [Attribute], of object: ObjectHandle) throws(PKCS11Error) {
    let handle = try handle
    try unsafe call(
      .C_SetAttributeValue, cryptoki.functions.pointee.C_SetAttributeValue, operation: "change attributes"
    ) { function in
      unsafe attributes.withTemplate { unsafe ReturnValue(function(handle, object.rawValue, $0, $1)) }.rawValue
    }
  }

  /// Makes an object from its attributes, such as a certificate (`C_CreateObject`).
  public mutating func createObject(_ attributes: [Attribute]) throws(PKCS11Error) -> ObjectHandle {
    let handle = try handle
    var object: CK_OBJECT_HANDLE = 0
    try unsafe call(.C_CreateObject, cryptoki.functions.pointee.C_CreateObject, operation: "create an object") { function in
      unsafe attributes.withTemplate { unsafe ReturnValue(function(handle, $0, $1, &object)) }.rawValue
    }
    return ObjectHandle(rawValue: object)
  }

  /// Makes a copy of an object, with other values of some attributes (`C_CopyObject`).
  public mutating func copyObject(_ original: ObjectHandle, changing attributes: [Attribute]) throws(PKCS11Error) -> ObjectHandle {
    let handle = try handle
    var copy: CK_OBJECT_HANDLE = 0
    try unsafe call(.C_CopyObject, cryptoki.functions.pointee.C_CopyObject, operation: "copy an object") { function in
      unsafe attributes.withTemplate { unsafe ReturnValue(function(handle, original.rawValue, $0, $1, &copy)) }.rawValue
    }
    return ObjectHandle(rawValue: copy)
  }

  /// Destroys an object (`C_DestroyObject`). There is no way back.
  public mutating func destroyObject(_ object: ObjectHandle) throws(PKCS11Error) {
    let handle = try handle
    try unsafe call(.C_DestroyObject, cryptoki.functions.pointee.C_DestroyObject, operation: "destroy an object") {
      $0(handle, object.rawValue)
    }
  }
}
