/// The names of keys on the command line.
enum KeyName {
  /// Refuses what can be no key's name, before anybody is asked for a PIN. A URI in its place may hold a secret and is not repeated.
  static func check(_ name: String) throws(CommandError) {
    guard !name.lowercased().hasPrefix("pkcs11:") else {
      throw .usage(
        "a key is named by its label, not by a pkcs11: URI", hint: "the token is named by --token, the key by the label that key list shows"
      )
    }
    guard (1...255).contains(name.utf8.count), !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw .usage("a key's name has 1 to 255 bytes and no control characters")
    }
  }
}
