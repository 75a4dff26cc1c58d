public import PKCS11

extension Token {
  /// Whether the token is known to be a program and no device: then nothing that it says of a key has hardware behind it. False where
  /// nothing is known, which is no proof of hardware.
  public var isKnownToBeSoftware: Bool {
    Self.isSoftware(manufacturer: manufacturer, model: model)
  }

  static func isSoftware(manufacturer: String, model: String) -> Bool {
    let words = "\(manufacturer) \(model)".lowercased().split(separator: " ").joined(separator: " ")
    return softwareWords.contains { words.contains($0) }
  }

  /// SoftHSM; NSS; openCryptoki's software token, and none of its others; TPMs in software, as they name their vendor; Kryoptic; GNOME's
  /// keyring.
  private static let softwareWords = ["softhsm", "mozilla foundation", "softtok", "sw tpm", "kryoptic", "gnome keyring"]
}
