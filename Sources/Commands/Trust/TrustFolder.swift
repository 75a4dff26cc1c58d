import CertificateService
import Foundation
import SwiftASN1
import SystemPackage
import X509

/// Where imported authorities are kept: `ENVIRONMENT/ROLE/SHA256.pem`, one certificate a file.
///
/// What stands there is trusted, so only root and the user who runs the tool may be able to change it; a file is trusted for the role and
/// the environment of its place, which were checked when it was imported. Files are written whole or not at all and never changed.
struct TrustFolder: Sendable {
  struct Entry: Sendable {
    let environment: ServiceEnvironment
    let role: PublishedAuthority.Role
    let certificate: Certificate
    let sha256: String
    let file: String
  }

  let path: String

  /// Everything in it, environment by environment, from the root down; empty where there is no folder.
  ///
  /// - Throws: ``CommandRule/trustFolder`` for what others could change, what is not what its name says, and what does not belong there.
  func entries(of environments: [ServiceEnvironment] = ServiceEnvironment.all) throws -> [Entry] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    _ = try names(in: path, allowed: ServiceEnvironment.all.map(\.name))
    var entries: [Entry] = []
    for environment in environments {
      let folder = "\(path)/\(environment)"
      guard FileManager.default.fileExists(atPath: folder) else { continue }
      let roles = try names(in: folder, allowed: PublishedAuthority.Role.allCases.map(\.rawValue))
      for role in PublishedAuthority.Role.allCases where roles.contains(role.rawValue) {
        for name in try names(in: "\(folder)/\(role)", allowed: nil) {
          entries.append(try entry("\(folder)/\(role)/\(name)", name, role, environment))
        }
      }
    }
    return entries
  }

  /// Where an authority stands, or would.
  func entry(for certificate: Certificate, _ role: PublishedAuthority.Role, _ environment: ServiceEnvironment) throws -> Entry {
    let sha256 = try PublishedAuthority.fingerprint(of: certificate)
    return Entry(
      environment: environment, role: role, certificate: certificate, sha256: sha256,
      file: "\(path)/\(environment)/\(role)/\(sha256).pem")
  }

  /// Puts an authority into its place.
  ///
  /// - Returns: the file; and whether it is new.
  func add(
    _ certificate: Certificate, _ role: PublishedAuthority.Role, _ environment: ServiceEnvironment
  ) throws -> (file: String, isNew: Bool) {
    let folder = "\(path)/\(environment)/\(role)"
    let place = try entry(for: certificate, role, environment)
    let (sha256, file) = (place.sha256, place.file)
    do {
      // What is above may hold the state, which is for its owner only; the certificates themselves are for everybody to read.
      let above = URL(filePath: path).deletingLastPathComponent().path
      for (folder, mode) in [(above, 0o700), (folder, 0o755)] where !FileManager.default.fileExists(atPath: folder) {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
      }
      for folder in [path, "\(path)/\(environment)", folder] { _ = try names(in: folder, allowed: nil) }
      if FileManager.default.fileExists(atPath: file) {
        _ = try entry(file, "\(sha256).pem", role, environment)
        return (file, false)
      }
      // The name begins with a dot: what an interrupted run leaves is passed over by readers.
      let draft = "\(folder)/.\(UUID().uuidString).new"
      do {
        let descriptor = try FileDescriptor.open(
          FilePath(draft), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
          permissions: [.ownerReadWrite, .groupRead, .otherRead])
        let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
        try handle.write(contentsOf: Data("\(certificate.serializeAsPEM().pemString)\n".utf8))
        try handle.synchronize()
        try handle.close()
        try FileManager.default.moveItem(atPath: draft, toPath: file)
      } catch {
        try? FileManager.default.removeItem(atPath: draft)
        throw error
      }
      let opened = try FileDescriptor.open(FilePath(folder), .readOnly, options: [.directory, .closeOnExec])
      defer { try? opened.close() }
      guard fsync(opened.rawValue) == 0 else { throw Errno(rawValue: errno) }
      return (file, true)
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError.configuration(
        "\(file) could not be written: \((error as? Errno).map(String.init) ?? error.localizedDescription)", operation: Self.operation,
        hint: "run this as the user who owns \(path), or name another folder with trust-folder: in the configuration")
    }
  }

  private static let operation = "look at the trust folder"

  private static func refusal(_ message: String, _ hint: String) -> CommandError {
    .configuration(message, rule: .trustFolder, operation: operation, hint: hint)
  }

  /// What a folder of ours holds, sorted, after it has been looked at itself.
  private func names(in folder: String, allowed: [String]?) throws -> [String] {
    do {
      let descriptor = try FileDescriptor.open(FilePath(folder), .readOnly, options: [.directory, .noFollow, .closeOnExec])
      defer { try? descriptor.close() }
      try OwnFile.refuseForeign(descriptor, folder) { Self.refusal($0, $1) }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
      if let allowed, let foreign = names.first(where: { !allowed.contains($0) }) {
        throw Self.refusal(
          "\(folder) holds \(foreign), which does not belong there",
          "authorities are put there by: hsmkey trust import FILE; take away what did not come that way")
      }
      return names
    } catch let error as CommandError {
      throw error
    } catch {
      throw Self.refusal(
        "\(folder) cannot be read: \((error as? Errno).map(String.init) ?? error.localizedDescription)",
        "it is a folder, and no symbolic link, that this user can read")
    }
  }

  private func entry(
    _ file: String, _ name: String, _ role: PublishedAuthority.Role, _ environment: ServiceEnvironment
  ) throws -> Entry {
    guard name.hasSuffix(".pem"), let sha256 = AuthorityPins.fingerprint(String(name.dropLast(4))), "\(sha256).pem" == name else {
      throw Self.refusal(
        "\(file) does not belong there", "authorities are put there by: hsmkey trust import FILE; take away what did not come that way")
    }
    let damaged = Self.refusal("\(file) is not the certificate that its name says", "remove it and import the authority again")
    do {
      let bytes = try InputOutput.read(file, operation: Self.operation) { descriptor in
        try OwnFile.refuseForeign(descriptor, file) { Self.refusal($0, $1) }
      }
      let certificates = try PEM.certificates(in: bytes)
      guard certificates.count == 1, try PublishedAuthority.fingerprint(of: certificates[0]) == sha256 else { throw damaged }
      return Entry(environment: environment, role: role, certificate: certificates[0], sha256: sha256, file: file)
    } catch is CertificateServiceError {
      throw damaged
    }
  }
}

extension CommandContext {
  /// Where imported authorities are kept.
  var trustFolder: TrustFolder { TrustFolder(path: settings.trustFolder.value) }

  /// The fingerprints that authorities are held against.
  func authorityPins() throws -> AuthorityPins {
    guard let setting = settings.trustPins else { return .published }
    let bytes: [UInt8]
    do {
      bytes = try InputOutput.read(setting.value, operation: "read the pins") { descriptor in
        try OwnFile.refuseForeign(descriptor, setting.value) { message, hint in
          CommandError.configuration("\(message), and who may issue certificates with it", rule: .trustFolder, hint: hint)
        }
      }
    } catch let error as CommandError where error.exitStatus == .inputData {
      throw CommandError.configuration("trust-pins: \(error.message)", hint: "name a file that this user can read")
    }
    do {
      return try AuthorityPins(parsing: bytes, file: setting.value)
    } catch {
      throw CommandError.configuration(error, about: "trust-pins")
    }
  }

  /// The pinned authority that a certificate is, by the configured pins or the built-in ones. The built-in ones say what an authority is
  /// even where they are not what is trusted.
  func knownAuthority(_ certificate: Certificate, _ pins: AuthorityPins) throws -> PublishedAuthority? {
    try pins.authority(of: certificate) ?? PublishedAuthority.published(certificate)
  }
}
