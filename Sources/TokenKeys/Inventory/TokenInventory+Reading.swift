public import Foundation
public import KeyEvidence
public import PKCS11

extension TokenKeys {
  /// What is asked of every object on a token for an inventory, in one call. It tells what a reading costs at least.
  public static var inventoryAttributes: AttributeBatch { ObjectReading.batch }

  /// Reads everything that is on the token: public and private objects. Nothing is changed, tried or signed.
  ///
  /// Takes one search, and one call of `C_GetAttributeValue` for each object as far as that goes.
  ///
  /// - Parameters:
  ///   - policy: what private keys are held against, by the token's own word.
  ///   - madeBy: the program that asks, with its version.
  /// - Throws: ``TokenKeysError`` when the login is lost meanwhile; `AuditError` when the token never ends telling of objects;
  ///   `PKCS11Error` for what concerns the token and not one object.
  public func inventory(policy: KeyPolicy = .nonExportableSigning, at time: Date = Date(), madeBy: String) async throws -> TokenInventory {
    try await perform(isRepeatable: true) { connection in
      try connection.reading { session in
        try connection.checkLogin(in: &session)
        let inventory = try InventoryReader.read(session.token, policy, .all, time, madeBy, in: &session)
        // What a login that was dropped half way hides would look as if it were gone.
        try connection.checkLogin(in: &session)
        return inventory
      }
    }
  }
}

extension Token {
  /// Reads what can be seen without a PIN: on most tokens public keys and certificates. Nothing is changed, tried or signed. Blocks.
  ///
  /// Where the token wants no login, or somebody in this process is logged in, it is everything, and the inventory says so.
  ///
  /// - Throws: as ``TokenKeys/inventory(policy:at:madeBy:)``.
  public func publicInventory(
    policy: KeyPolicy = .nonExportableSigning, at time: Date = Date(), madeBy: String
  ) throws -> TokenInventory {
    var session = try openSession(.readOnly)
    let seesAll = try !flags.contains(.loginRequired) || session.isUserLoggedIn()
    let inventory = try InventoryReader.read(self, policy, seesAll ? .all : .publicObjects, time, madeBy, in: &session)
    try session.close()
    return inventory
  }
}
