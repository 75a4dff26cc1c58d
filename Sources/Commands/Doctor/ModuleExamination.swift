import Foundation
import PKCS11

/// The steps that look at the module's file. Nothing of it is run.
enum ModuleExamination {
  private static let operation = "look at the module's file"

  /// The file and its size.
  static func find(_ context: CommandContext) throws -> Finding<ModuleFile> {
    let path = try context.modulePath()
    let origin = context.settings.module?.origin ?? .builtIn
    do {
      let file = try ModuleFile(path: path)
      let link = file.realPath == path ? [] : ["is a link to \(file.realPath)"]
      return .ok(file, "\(path), \(file.size) bytes", details: link + ["SHA-256 \(file.sha256.hexadecimal)"])
    } catch {
      throw CommandError(
        .configuration, code: error.rule.rawValue, rule: error.rule.rawValue, operation: operation, message: "\(error.message) (\(origin))",
        hints: [error.hint, suggestion()])
    }
  }

  /// Where modules lie on this machine.
  private static func suggestion() -> String? {
    let usual = [
      "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so", "/usr/lib/x86_64-linux-gnu/pkcs11/opensc-pkcs11.so",
      "/opt/cloudhsm/lib/libcloudhsm_pkcs11.so", "/usr/safenet/lunaclient/lib/libCryptoki2_64.so",
      "/opt/nfast/toolkits/pkcs11/libcknfast.so", "/usr/lib/x86_64-linux-gnu/pkcs11/yubihsm_pkcs11.so",
    ].filter { FileManager.default.fileExists(atPath: $0) }
    return usual.isEmpty ? nil : "this machine has \(usual.joined(separator: ", "))"
  }

  /// Whose the file is, and who can change it.
  static func permissions(_ context: CommandContext, _ file: ModuleFile) throws -> Finding<Void> {
    let pin = try context.modulePin()
    do {
      try file.checkPlaces(pin.owner)
    } catch {
      throw context.blamingPin(error)
    }
    let whose = file.owner == 0 ? "root's" : file.owner == geteuid() ? "yours" : "of user \(file.owner), as configured"
    return .ok("\(whose), mode \(file.modeText); nobody else can change it, nor the folders above it")
  }

  /// Whether it is the very file that was pinned.
  static func digest(_ context: CommandContext, _ file: ModuleFile) throws -> Finding<Void> {
    guard let pinned = try context.modulePin().sha256, let setting = context.settings.moduleSHA256 else {
      return .ok(
        "not pinned: any content is loaded",
        details: ["to pin it, write under token: in the configuration", "module-sha256: \(file.sha256.hexadecimal)"])
    }
    do {
      try file.checkDigest(pinned)
    } catch {
      throw context.blamingPin(error)
    }
    return .ok("the SHA-256 that is pinned (\(setting.origin))")
  }

  /// Whether the library is for this machine.
  static func architecture(_ file: ModuleFile) throws -> Finding<Void> {
    #if os(Linux)
      guard let header = ELFHeader(file.beginning) else {
        throw CommandError.configuration(
          "\(file.path) is no library of this system: \(ELFHeader.guess(file.beginning))", operation: operation,
          hint: "name the PKCS#11 module itself, a file that ends in .so")
      }
      let ours = ELFHeader.ours
      let oursName = ELFHeader.machines[ours.machine] ?? "another machine"
      guard header.bits == ours.bits, header.machine == ours.machine else {
        throw CommandError.configuration(
          "\(file.path) is for \(header.machineName), \(header.bits) bits; this program is for \(oursName), \(ours.bits) bits",
          operation: operation, hint: "install the module for \(oursName)")
      }
      guard header.isSharedObject else {
        throw CommandError.configuration(
          "\(file.path) is no shared library", operation: operation, hint: "name the PKCS#11 module itself, a file that ends in .so")
      }
      return .ok("for \(oursName), \(ours.bits) bits, as this program is")
    #else
      return .ok("not looked at on this system")
    #endif
  }
}
