import PKCS11

extension CommandContext {
  /// What the module's file must be, as it is set.
  func modulePin() throws -> ModulePin {
    let owner = settings.moduleOwner
    guard let user = ModulePin.Owner(owner.value) else {
      throw CommandError.configuration(
        "token.module-owner is no user of this machine: \(owner.value) (\(owner.origin))",
        hint: "name the user whose file the module may be, by name or by number; root's files are always good")
    }
    return ModulePin(owner: user, sha256: try settings.moduleSHA256.map(Self.digest))
  }

  /// A refusal of the module's file, with the place where what it was held against was set.
  func blamingPin(_ error: PKCS11Error) -> any Error {
    guard let known = ErrorTranslation.translate(error) else { return error }
    let setting: (name: String, origin: Origin)? =
      switch error.rule {
      case .moduleOwner: ("token.module-owner is \(settings.moduleOwner.value)", settings.moduleOwner.origin)
      case .moduleDigest: settings.moduleSHA256.map { ("token.module-sha256 is set", $0.origin) }
      default: nil
      }
    return CommandError(
      known.exitStatus, code: known.code, rule: known.rule, operation: known.operation, message: known.message,
      hints: known.hints + [setting.map { "\($0.name) (\($0.origin))" }])
  }

  private static func digest(_ setting: Setting<String>) throws -> [UInt8] {
    let digits = Array(setting.value.utf8)
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { index in
      UInt8(String(decoding: digits[index..<min(index + 2, digits.count)], as: UTF8.self), radix: 16)
    }
    guard digits.count == 64, bytes.count == 32, !digits.contains(UInt8(ascii: "+")) else {
      throw CommandError.configuration(
        "token.module-sha256 is no SHA-256: it is 64 hexadecimal digits (\(setting.origin))",
        hint: "hsmkey doctor shows the digest of the configured module; sha256sum does, too")
    }
    return bytes
  }
}
