public import PKCS11

extension Token {
  /// How many halves of key pairs have neither a name (`CKA_LABEL`) nor an identifier (`CKA_ID`), of those that are seen without a PIN: on
  /// most tokens public halves. Nothing is changed. Blocks.
  ///
  /// SoftHSM makes an object first and writes its attributes afterwards, so a generation that is cut short leaves such a half. It says of
  /// itself that it lives in a session, so an inventory does not have it. One that is under way in another program looks the same.
  public func namelessHalves() throws -> Int {
    var session = try openSession(.readOnly)
    var count = 0
    // More room than any name takes: what is left unanswered is not there.
    let names = AttributeBatch([(.label, 4096), (.id, 4096)])
    for kind in [ObjectClass.publicKey, .privateKey] {
      for handle in try session.findObjects(matching: [Attribute(.objectClass, kind)], limit: InventoryReader.maximumObjectCount) {
        // What cannot be read may have gone away meanwhile.
        guard let answer = try? session.attributes(names, of: handle) else { continue }
        if names.types.allSatisfy({ answer.values.bytes($0)?.isEmpty ?? true }) { count += 1 }
      }
    }
    try session.close()
    return count
  }
}
