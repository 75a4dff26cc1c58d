public import Foundation
public import PKCS11
import Secrets

/// Where refused PINs and failed tries are remembered, for every process of this user: a folder of small files, owner-only.
///
/// No PIN is in it, only digests of refused ones under a random key that lies beside them.
public struct PINMemory: Hashable, Sendable {
  /// The folder; `nil` when the environment names no place for one.
  public let folder: String?
  /// How long a login waits for one of another process on the same token.
  public let patience: Duration

  /// - Parameters:
  ///   - folder: made with mode 0700 at its first use.
  ///   - patience: how long a login waits for one of another process on the same token.
  public init(folder: String, patience: Duration = .seconds(30)) {
    self.folder = folder
    self.patience = patience
  }

  /// The place that the environment names: `$HSMKEY_PIN_MEMORY`, or else ``defaultFolder(environment:isRoot:)``.
  ///
  /// - Parameters:
  ///   - environment: variables and their values; `nil` for this process's own.
  ///   - patience: how long a login waits for one of another process on the same token.
  public init(environment: [String: String]? = nil, patience: Duration = .seconds(30)) {
    let environment = environment ?? ProcessEnvironment.values(of: Self.variables)
    let named = environment["HSMKEY_PIN_MEMORY"].flatMap { $0.isEmpty ? nil : $0 }
    folder = named ?? Self.defaultFolder(environment: environment, isRoot: geteuid() == 0)
    self.patience = patience
  }

  /// The environment variables that a place is chosen by.
  public static let variables = ["HSMKEY_PIN_MEMORY", "STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"]

  /// `pins` in the service's own state folder (`$STATE_DIRECTORY`, where systemd gives one); for root in `/var/lib/hsmkey`; otherwise in
  /// `$XDG_STATE_HOME/hsmkey` or `$HOME/.local/state/hsmkey`.
  public static func defaultFolder(environment: [String: String], isRoot: Bool) -> String? {
    func absolute(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
    // Several folders are separated by colons; the first one is the unit's main one.
    if let state = absolute("STATE_DIRECTORY")?.split(separator: ":").first { return "\(state)/pins" }
    if isRoot { return "/var/lib/hsmkey/pins" }
    return absolute("XDG_STATE_HOME").map { "\($0)/hsmkey/pins" } ?? absolute("HOME").map { "\($0)/.local/state/hsmkey/pins" }
  }

  /// Forgets everything about a token: it was initialised again, so its PINs are new ones.
  ///
  /// - Throws: ``TokenKeysError`` with ``KeyRule/pinMemory`` or ``KeyRule/pinOneAtATime``.
  public func forget(_ token: Token) throws {
    let identity = TokenIdentity(token)
    PINSourceRegister.release(identity)
    for owner in [PINOwner.user, .securityOfficer] { try ledger(identity, owner).changing { _ in nil } }
  }

  /// What is remembered of a PIN of a token. A try that is under way right now is not counted. Nothing is made where nothing is yet.
  ///
  /// - Throws: ``TokenKeysError`` with ``KeyRule/pinMemory``.
  public func state(of token: Token, _ user: UserType = .user) throws -> PINMemoryState {
    let (identity, owner) = (TokenIdentity(token), PINOwner(user))
    let isThere = folder.map { FileManager.default.fileExists(atPath: $0) } ?? true
    let record = isThere ? try ledger(identity, owner).record() : PINRecord(identity, owner)
    return PINMemoryState(
      failureCount: record.failureCount, lastFailure: record.lastFailure, refusedPINCount: record.refusals.count,
      lastStoredRefusal: record.refusals.last(where: \.isStored)?.time, hasOpenTry: record.pending != nil,
      isUnattendedUsePossible: record.failureCount < LoginGuard.unattendedLimit)
  }

  /// The memory of one PIN of one token.
  ///
  /// - Throws: ``TokenKeysError`` with ``KeyRule/pinMemory``.
  func ledger(_ token: TokenIdentity, _ owner: PINOwner) throws -> PINLedger {
    guard let folder else {
      throw PINLedger.unusable("there is no place for the memory of refused PINs: HOME is not set")
    }
    do {
      return PINLedger(folder: try OwnerOnlyFolder(path: folder), token: token, owner: owner, patience: patience)
    } catch {
      throw PINLedger.unusable(error)
    }
  }
}

/// What is remembered of one PIN of one token.
public struct PINMemoryState: Hashable, Sendable {
  /// How many tries there were without success since the last login.
  public let failureCount: Int
  /// When the last of them was.
  public let lastFailure: Date?
  /// How many PINs are known to be wrong, or were replaced.
  public let refusedPINCount: Int
  /// When the last PIN that did not come from a person was refused or replaced. While its source has the same PIN, it is not tried again.
  public let lastStoredRefusal: Date?
  /// A try was begun and its end is not known: it is under way, or its process died.
  public let hasOpenTry: Bool
  /// Whether a PIN that is not among them is tried without a person, as far as the memory is concerned: the token's flags count too.
  public let isUnattendedUsePossible: Bool
}
