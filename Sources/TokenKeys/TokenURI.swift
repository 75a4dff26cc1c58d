public import PKCS11

extension Token {
  /// The RFC 7512 URI of a private key on this token: label and serial number of the token, name and identifier of the key.
  public func uri(ofKeyNamed name: String, identifier: KeyIdentifier) -> PKCS11URI {
    var uri = PKCS11URI(label: label)
    uri.serialNumber = serialNumber
    uri.objectLabel = name
    uri.objectID = identifier.bytes
    uri.objectClass = .privateKey
    return uri
  }
}
