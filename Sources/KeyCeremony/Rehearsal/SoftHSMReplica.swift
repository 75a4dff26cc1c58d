import Foundation

/// A second SoftHSM token with the same objects as the first: what a vendor's backup makes of a real token, for rehearsals and tests.
///
/// The copy has a serial number and a label of its own, the PINs of the original, and every key with all its attributes. Nobody may write
/// to the original meanwhile. A process that has initialised SoftHSM does not see the new token: it has to finalize the module and
/// initialise it again (`C_Finalize`, `C_Initialize`), and a process that begins later sees it at once.
public enum SoftHSMReplica {
  /// Makes the copy.
  ///
  /// - Parameters:
  ///   - serial: the original's serial number.
  ///   - folder: the token folder (`directories.tokendir`).
  ///   - newSerial: the copy's, 1 to 16 characters. A token that has it is replaced.
  ///   - label: the copy's, 1 to 32 bytes.
  /// - Throws: ``CeremonyRule/copy``
  public static func make(of serial: String, in folder: String, serial newSerial: String, label: String) throws {
    guard serial != newSerial, (1...16).contains(newSerial.utf8.count), (1...32).contains(label.utf8.count) else {
      throw failure("a copy needs a serial number of 1 to 16 characters that is another than the original's, and a label of 1 to 32")
    }
    let tokens = try tokens(in: folder)
    guard let original = tokens.first(where: { $0.serial == serial }) else { throw failure("\(folder) has no token \(serial)") }
    let name = UUID().uuidString.lowercased()
    let copy = URL(filePath: folder).appending(path: name)
    do {
      try FileManager.default.copyItem(at: original.folder, to: copy)
      var object = try SoftHSMTokenObject(try read(copy))
      try object.set(SoftHSMTokenObject.AttributeNumber.serial, to: newSerial)
      try object.set(SoftHSMTokenObject.AttributeNumber.label, to: label)
      try Data(object.bytes).write(to: copy.appending(path: "token.object"))
      // What had the serial number before goes last: a failure leaves it as it was.
      for earlier in tokens where earlier.serial == newSerial { try FileManager.default.removeItem(at: earlier.folder) }
    } catch {
      try? FileManager.default.removeItem(at: copy)
      throw error as? CeremonyError ?? failure("the token's files cannot be copied: \(error.localizedDescription)", error)
    }
  }

  private static func tokens(in folder: String) throws -> [(serial: String, folder: URL)] {
    let found: [URL]
    do {
      found = try FileManager.default.contentsOfDirectory(at: URL(filePath: folder), includingPropertiesForKeys: nil)
    } catch {
      throw failure("the token folder \(folder) cannot be read: \(error.localizedDescription)", error)
    }
    // A token that was being made when its process was killed may not be readable; it is nobody's original.
    return found.filter { FileManager.default.fileExists(atPath: $0.appending(path: "token.object").path) }.compactMap { token in
      (try? SoftHSMTokenObject(try read(token)).text(SoftHSMTokenObject.AttributeNumber.serial)).map { ($0, token) }
    }
  }

  private static func read(_ token: URL) throws -> [UInt8] { Array(try Data(contentsOf: token.appending(path: "token.object"))) }

  private static func failure(_ message: String, _ underlying: (any Error)? = nil) -> CeremonyError {
    CeremonyError(.copy, operation: "copy a SoftHSM token", message: message, underlying: underlying)
  }
}
