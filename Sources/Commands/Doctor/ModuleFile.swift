import Crypto
import Foundation
import PKCS11
import SystemPackage

/// The file of the module: where it is, whose it is, what it is for. Nothing of it is run here.
struct ModuleFile: Sendable {
  /// As it was configured.
  let path: String
  /// Without symbolic links.
  let realPath: String
  private let firstBytes: [UInt8]

  private static let operation = "look at the module's file"

  /// The file, its size and digest.
  static func find(_ context: CommandContext) throws -> Finding<ModuleFile> {
    let path = try context.modulePath()
    let origin = context.settings.module?.origin ?? .builtIn
    let realPath = URL(filePath: path).resolvingSymlinksInPath().path
    do {
      let status = try FilePath(realPath).stat()
      guard status.type == .regular else {
        throw CommandError.configuration(
          "\(path) is \(status.type == .directory ? "a folder" : "no regular file") (\(origin))", operation: operation,
          hint: "name the module's file itself")
      }
      let descriptor = try FileDescriptor.open(FilePath(realPath), .readOnly, options: [.closeOnExec])
      let (digest, size, first) = try descriptor.closeAfter { try read(descriptor) }
      let link = realPath == path ? [] : ["is a link to \(realPath)"]
      return .ok(
        ModuleFile(path: path, realPath: realPath, firstBytes: first), "\(path), \(size) bytes",
        details: link + ["SHA-256 \(digest)"])
    } catch Errno.noSuchFileOrDirectory {
      throw CommandError.configuration(
        "\(path) does not exist (\(origin))", operation: operation,
        hint: "install the device's PKCS#11 library, or correct the path\(try suggestion())")
    } catch let error as Errno {
      throw CommandError.configuration(
        "\(path) cannot be read: \(error) (\(origin))", operation: operation,
        hint: "the user who runs this (\(geteuid())) must be able to read the file and search the folders above it")
    }
  }

  /// Where modules lie on this machine.
  private static func suggestion() throws -> String {
    let usual = [
      "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so", "/usr/lib/x86_64-linux-gnu/pkcs11/opensc-pkcs11.so",
      "/opt/cloudhsm/lib/libcloudhsm_pkcs11.so", "/usr/safenet/lunaclient/lib/libCryptoki2_64.so",
      "/opt/nfast/toolkits/pkcs11/libcknfast.so", "/usr/lib/x86_64-linux-gnu/pkcs11/yubihsm_pkcs11.so",
    ].filter { FileManager.default.fileExists(atPath: $0) }
    return usual.isEmpty ? "" : "; this machine has \(usual.joined(separator: ", "))"
  }

  private static func read(_ descriptor: FileDescriptor) throws -> (digest: String, size: Int, first: [UInt8]) {
    let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: false)
    var hash = SHA256()
    var size = 0
    var first: [UInt8] = []
    while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
      hash.update(data: chunk)
      if size == 0 { first = Array(chunk.prefix(64)) }
      size += chunk.count
    }
    return (hash.finalize().hexadecimal, size, first)
  }

  /// Whoever can write to the file gets the PIN. A file that others can write to is not loaded by this command.
  func checkPermissions() throws -> Finding<Void> {
    let status = try FilePath(realPath).stat()
    let owner = status.userID.rawValue
    let mode = String(status.permissions.rawValue & 0o7777, radix: 8)
    let danger = "whoever changes it gets your PIN, so it was not loaded here"
    guard owner == 0 || owner == geteuid() else {
      throw CommandError.configuration(
        "\(realPath) belongs to user \(owner), neither root nor you; \(danger)", operation: Self.operation,
        hint: "install the module from its vendor's package, as root")
    }
    guard !status.permissions.contains(.otherWrite) else {
      throw CommandError.configuration(
        "everybody can write to \(realPath) (mode \(mode)); \(danger)", operation: Self.operation,
        hint: "compare its SHA-256 with the vendor's, then: chmod go-w \(realPath)")
    }
    let whose = owner == 0 ? "root's" : "yours"
    if status.permissions.contains(.groupWrite), status.groupID.rawValue != 0 {
      return .warning(
        "\(whose), mode \(mode): the group \(status.groupID.rawValue) can change the file, and whoever changes it gets your PIN",
        hint: "chmod g-w \(realPath)")
    }
    if let folder = try openFolder() {
      return .warning(
        "\(whose), mode \(mode); others can exchange it in the folder \(folder)", hint: "look at the owner and mode of that folder")
    }
    return .ok("\(whose), mode \(mode); nobody else can change it")
  }

  /// The first folder above the file in which others could put another file into its place.
  private func openFolder() throws -> String? {
    var folder = FilePath(realPath).removingLastComponent()
    while true {
      let status = try folder.stat()
      let isOpen = status.permissions.contains(.otherWrite) && !status.permissions.contains(.saveText)
      if isOpen || (status.userID.rawValue != 0 && status.userID.rawValue != geteuid()) { return folder.string }
      let above = folder.removingLastComponent()
      if above == folder || above.isEmpty { return nil }
      folder = above
    }
  }

  /// Whether the library is for this machine.
  func checkArchitecture() throws -> Finding<Void> {
    #if os(Linux)
      guard let header = ELFHeader(firstBytes) else {
        throw CommandError.configuration(
          "\(path) is no library of this system: \(ELFHeader.guess(firstBytes))", operation: Self.operation,
          hint: "name the PKCS#11 module itself, a file that ends in .so")
      }
      let ours = ELFHeader.ours
      let oursName = ELFHeader.machines[ours.machine] ?? "another machine"
      guard header.bits == ours.bits, header.machine == ours.machine else {
        throw CommandError.configuration(
          "\(path) is for \(header.machineName), \(header.bits) bits; this program is for \(oursName), \(ours.bits) bits",
          operation: Self.operation, hint: "install the module for \(oursName)")
      }
      guard header.isSharedObject else {
        throw CommandError.configuration(
          "\(path) is no shared library", operation: Self.operation, hint: "name the PKCS#11 module itself, a file that ends in .so")
      }
      return .ok("for \(oursName), \(ours.bits) bits, as this program is")
    #else
      return .ok("not looked at on this system")
    #endif
  }
}
