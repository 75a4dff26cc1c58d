import Crypto
import PKCS11
import SwiftASN1
import Testing

extension TokenKeysBench {
  /// Brings a P-256 key in from outside, with the best attributes that can be asked for.
  func importKey(named name: String = "bad") throws {
    let key = P256.Signing.PrivateKey()
    let common: [Attribute] = [
      Attribute(.token, true), Attribute(.label, name), Attribute(.id, [UInt8](repeating: 7, count: 20)), Attribute(.keyType, KeyType.ec),
      Attribute(.ecParameters, Self.p256Parameters),
    ]
    var point = DER.Serializer()
    try point.serialize(ASN1OctetString(contentBytes: Array(key.publicKey.x963Representation)[...]))
    var session = try session()
    _ = try session.createObject(
      common + [
        Attribute(.objectClass, ObjectClass.publicKey), Attribute(.isPrivate, false), Attribute(.verify, true),
        Attribute(.ecPoint, point.serializedBytes),
      ])
    _ = try session.createObject(
      common + [
        Attribute(.objectClass, ObjectClass.privateKey), Attribute(.isPrivate, true), Attribute(.sensitive, true),
        Attribute(.extractable, false),
        Attribute(.copyable, false), Attribute(.sign, true), Attribute(.decrypt, false), Attribute(.unwrap, false),
        Attribute(.signRecover, false),
        Attribute(.derive, false), Attribute(.value, Array(key.rawRepresentation)),
      ])
  }
}
