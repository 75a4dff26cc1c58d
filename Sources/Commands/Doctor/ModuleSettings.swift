import Foundation
import PKCS11
import Secrets
import SystemPackage

/// What a module wants beside its file: settings of its own, which it looks for without a word when they are missing.
enum ModuleSettings {
  private static let operation = "look at the module's own settings"

  static func check(_ file: ModuleFile, _ context: CommandContext) throws -> Finding<Void> {
    let name = (file.realPath.split(separator: "/").last ?? "").lowercased()
    let environment = ProcessEnvironment.values(of: ["SOFTHSM2_CONF", "HOME", "TPM2_PKCS11_TCTI"])
    if name.contains("softhsm") { return try softHSM(environment) }
    if name.contains("tpm2"), environment["TPM2_PKCS11_TCTI"] == nil, !FileManager.default.fileExists(atPath: "/dev/tpmrm0") {
      return .warning(
        "there is no /dev/tpmrm0, and TPM2_PKCS11_TCTI names no other way to a TPM",
        hint: "switch the TPM on in the firmware, let this user into the group tss, or set TPM2_PKCS11_TCTI")
    }
    if name.contains("softokn"), context.settings.initializationString == nil {
      throw CommandError.configuration(
        "NSS has to be told its database, and token.initialization-string is not set", operation: operation,
        hint: "in the configuration: token.initialization-string: \"configdir='sql:/path' certPrefix='' keyPrefix='' secmod='secmod.db'\"")
    }
    if let setting = context.settings.initializationString {
      guard name.contains("softokn") || name.contains("nss") else {
        return .warning(
          "token.initialization-string is set (\(setting.origin)), which only NSS wants; other modules refuse it",
          hint: "leave it out if the module does not load")
      }
      return .ok("told its database in token.initialization-string (\(setting.origin))")
    }
    return .ok("nothing that is known to be needed")
  }

  /// SoftHSM finds its tokens by a file of its own, and without it fails with a general error only.
  private static func softHSM(_ environment: [String: String]) throws -> Finding<Void> {
    let named = environment["SOFTHSM2_CONF"].flatMap { $0.isEmpty ? nil : $0 }
    let own = environment["HOME"].map { "\($0)/.config/softhsm2/softhsm2.conf" }
    let system = "/etc/softhsm/softhsm2.conf"
    let usual = own.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil } ?? system
    let path = named ?? usual
    let origin = named == nil ? "SOFTHSM2_CONF is not set, so SoftHSM looks there" : "SOFTHSM2_CONF"
    guard FileManager.default.fileExists(atPath: path) else {
      throw CommandError.configuration(
        "SoftHSM's settings \(path) do not exist (\(origin))", operation: operation,
        hint: "point SOFTHSM2_CONF at the file that names your tokens' folder (directories.tokendir)")
    }
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw CommandError.configuration(
        "SoftHSM's settings \(path) cannot be read (\(origin))", operation: operation,
        hint: "the user who runs this (\(geteuid())) must be able to read them; on Debian that is the group softhsm")
    }
    let folder = text.split(separator: "\n").compactMap { line -> String? in
      let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      return parts.count == 2 && parts[0] == "directories.tokendir" ? parts[1] : nil
    }.last
    guard let folder else {
      return .warning("SoftHSM's settings \(path) name no tokens' folder", hint: "add: directories.tokendir = /path")
    }
    guard (try? FilePath(folder).stat())?.type == .directory else {
      throw CommandError.configuration(
        "SoftHSM's folder of tokens \(folder) does not exist (\(path))", operation: operation,
        hint: "make it, owner-only, or correct directories.tokendir")
    }
    guard FileManager.default.isWritableFile(atPath: folder) else {
      return .warning(
        "SoftHSM's folder of tokens \(folder) cannot be written to by user \(geteuid()), so it shows no tokens or changes none",
        hint: "on Debian: adduser USER softhsm, then log in anew; or set SOFTHSM2_CONF to settings of your own")
    }
    return .ok("SoftHSM's settings \(path) (\(origin)), tokens in \(folder)")
  }
}
