extension KeyProof {
  /// The token, in its own words (`CK_TOKEN_INFO`).
  public struct Token: Sendable, Hashable {
    /// The label.
    public let label: String
    /// Who made it.
    public let manufacturer: String
    /// Which model it is.
    public let model: String
    /// The serial number.
    public let serial: String
    /// The version of its hardware.
    public let hardwareVersion: String
    /// The version of its firmware.
    public let firmwareVersion: String
    /// Whether it is known to be a program and no device: then nothing of this proof is about hardware.
    public let isSoftware: Bool
    /// Its flags: `CKF_LOGIN_REQUIRED`.
    public let flags: [String]

    /// A token from its parts.
    public init(
      label: String, manufacturer: String, model: String, serial: String, hardwareVersion: String, firmwareVersion: String,
      isSoftware: Bool, flags: [String]
    ) {
      self.label = label
      self.manufacturer = manufacturer
      self.model = model
      self.serial = serial
      self.hardwareVersion = hardwareVersion
      self.firmwareVersion = firmwareVersion
      self.isSoftware = isSoftware
      self.flags = flags
    }
  }

  /// The module, in its own words (`CK_INFO`).
  public struct Library: Sendable, Hashable {
    /// What it says that it is.
    public let description: String
    /// Who made it.
    public let manufacturer: String
    /// Its version.
    public let version: String
    /// The version of Cryptoki that it implements.
    public let cryptokiVersion: String

    /// A library from its parts.
    public init(description: String, manufacturer: String, version: String, cryptokiVersion: String) {
      self.description = description
      self.manufacturer = manufacturer
      self.version = version
      self.cryptokiVersion = cryptokiVersion
    }
  }

  /// The file that the module was loaded from.
  public struct ModuleFile: Sendable, Hashable {
    /// The path by which it was named.
    public let path: String
    /// The path without symbolic links.
    public let realPath: String
    /// The SHA-256 of the file, in hexadecimal.
    public let sha256: String
    /// Its size in bytes.
    public let size: Int
    /// The number of the user who owns it.
    public let owner: Int
    /// The number of the group that owns it.
    public let group: Int
    /// Its permissions in octal: `0644`.
    public let mode: String

    /// A file from its parts.
    public init(path: String, realPath: String, sha256: String, size: Int, owner: Int, group: Int, mode: String) {
      self.path = path
      self.realPath = realPath
      self.sha256 = sha256
      self.size = size
      self.owner = owner
      self.group = group
      self.mode = mode
    }
  }

  /// A mechanism that the token offers (`CK_MECHANISM_INFO`).
  public struct Mechanism: Sendable, Hashable {
    /// Its name, or its number in hexadecimal.
    public let name: String
    /// The smallest key, in the unit that the mechanism has.
    public let minimum: Int
    /// The largest key.
    public let maximum: Int
    /// What it can be used for: `sign`, `wrap`.
    public let uses: [String]

    /// A mechanism from its parts. Sizes beyond 2^53 − 1, which tokens give that have no limit, become that.
    public init(name: String, minimum: UInt, maximum: UInt, uses: [String]) {
      self.name = name
      self.minimum = Int(min(minimum, UInt(JSONValue.maximumInteger)))
      self.maximum = Int(min(maximum, UInt(JSONValue.maximumInteger)))
      self.uses = uses
    }
  }

  /// The program that made a proof.
  public struct Tool: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its version.
    public let version: String
    /// The SHA-256 of the executable, in hexadecimal.
    public let sha256: String

    /// A program from its parts.
    public init(name: String, version: String, sha256: String) {
      self.name = name
      self.version = version
      self.sha256 = sha256
    }
  }

  /// What a vendor's device says of a key, in the vendor's format.
  public struct Attestation: Sendable, Hashable {
    /// What kind it is, in the words of whoever attached it.
    public let type: String
    /// The bytes.
    public let data: [UInt8]

    /// An attestation from its parts.
    public init(type: String, data: [UInt8]) {
      self.type = type
      self.data = data
    }

    /// The SHA-256 of the bytes, in hexadecimal.
    public var sha256: String { EvidenceText.sha256(data) }
  }
}
