#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The file of a module, as it was when it was looked at. Nothing of it is run.
public struct ModuleFile: Hashable, Sendable {
  /// As it was named.
  public let path: String

  /// Without symbolic links.
  public let realPath: String

  /// In bytes.
  public let size: Int

  /// The SHA-256 of the content, 32 bytes.
  public let sha256: [UInt8]

  /// The number of the user whose file it is.
  public let owner: UInt32

  /// The number of the group whose file it is.
  public let group: UInt32

  /// The permissions: `0o644`.
  public let mode: UInt16

  /// The first bytes of the content, 64 at most: they tell what kind of file it is.
  package let beginning: [UInt8]

  let identity: FileIdentity
  private let places: [ModulePath.Place]

  /// Follows the path and reads the file.
  ///
  /// - Throws: ``PKCS11Rule/moduleAbsolutePath``; ``PKCS11Rule/modulePath`` when there is no regular file or it cannot be read.
  public init(path: String) throws(PKCS11Error) {
    self = try OpenModuleFile(path: path).file
  }

  /// Holds the file against what is demanded of it.
  ///
  /// - Throws: ``PKCS11Rule/moduleOwner``, ``PKCS11Rule/moduleNotWritable`` or ``PKCS11Rule/moduleDigest``.
  public func check(_ pin: ModulePin) throws(PKCS11Error) {
    try checkPlaces(pin.owner)
    try checkDigest(pin.sha256)
  }

  /// The rules of owner and mode alone.
  package func checkPlaces(_ owner: ModulePin.Owner) throws(PKCS11Error) {
    for place in places {
      guard owner.accepts(place.owner) else {
        throw refused(
          .moduleOwner,
          "\(place.path) belongs to user \(place.owner), \(owner == .root ? "not to root" : "neither to root nor to \(owner)")",
          hint: place.kind == .file
            ? "install the module from its vendor's package, as root; or name the owner that is meant (token.module-owner)"
            : "keep the module in a folder that only its owner can change; or name the owner that is meant (token.module-owner)")
      }
      // What can be done with a link is its folder's to say; in a sticky folder nobody exchanges what is not theirs.
      let isGuarded = place.kind == .link || (place.kind == .folder && place.mode & 0o1000 != 0)
      guard place.mode & 0o022 == 0 || isGuarded else {
        let who = place.mode & 0o002 != 0 ? "everybody" : "the group \(place.group)"
        throw refused(
          .moduleNotWritable, "\(who) can write to \(place.kind == .file ? "" : "the folder ")\(place.path) (mode \(place.modeText))",
          hint: place.kind == .file
            ? "compare its SHA-256 with the vendor's, then: chmod go-w \(place.path)"
            : "look at what is in it, then: chmod go-w \(place.path)")
      }
    }
  }

  /// The rule of the content alone.
  package func checkDigest(_ pinned: [UInt8]?) throws(PKCS11Error) {
    guard let pinned, pinned != sha256 else { return }
    throw refused(
      .moduleDigest, "the SHA-256 of \(realPath) is \(Self.hexadecimal(sha256)), and pinned is \(Self.hexadecimal(pinned))",
      hint: "find out who changed the file; after an upgrade that was meant, pin the new digest (token.module-sha256)")
  }

  /// As `chmod` takes it: `644`.
  public var modeText: String { String(mode, radix: 8) }

  private func refused(_ rule: PKCS11Rule, _ message: String, hint: String) -> PKCS11Error {
    PKCS11Error(
      rule: rule, operation: ModuleLoader.operation, message: message + "; whoever changes the module gets your PIN, so it was not loaded",
      hint: hint)
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  fileprivate init(path: String, way: ModulePath, status: stat, sha256: [UInt8], size: Int, beginning: [UInt8]) {
    self.path = path
    realPath = way.realPath
    self.size = size
    self.sha256 = sha256
    self.beginning = beginning
    identity = FileIdentity(status)
    // The last of the places is the file by its name; what counts is the file that was opened.
    let own = ModulePath.Place(way.realPath, status)
    owner = own.owner
    group = own.group
    mode = own.mode
    places = way.places.dropLast() + [own]
  }
}

extension ModulePath.Place {
  fileprivate var modeText: String { String(mode, radix: 8) }
}

/// The file that a module is: two paths with the same identity are one module.
struct FileIdentity: Hashable {
  let device: UInt64
  let inode: UInt64

  init(_ status: stat) {
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(truncatingIfNeeded: status.st_ino)
  }
}

/// A module's file with its descriptor: while that is open, no other file can get the same identity.
struct OpenModuleFile: ~Copyable {
  let file: ModuleFile
  private let descriptor: CInt
  private let status: stat

  init(path: String) throws(PKCS11Error) {
    let way = try ModulePath(following: path)
    let descriptor = unsafe open(way.realPath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ModulePath.refused(path, code: errno) }
    do throws(PKCS11Error) {
      let status = try Self.status(of: descriptor, path)
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw PKCS11Error(
          rule: .modulePath, operation: ModuleLoader.operation,
          message: "\(path) is \(status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "no regular file")",
          hint: "name the module's file itself")
      }
      let (sha256, size, beginning) = try Self.read(descriptor, path)
      file = ModuleFile(path: path, way: way, status: status, sha256: sha256, size: size, beginning: beginning)
      self.status = status
      self.descriptor = descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// Looks once more, after the file was loaded by its path: it is still the one that was read, and still at its path.
  ///
  /// - Throws: ``PKCS11Rule/moduleUnchanged``.
  func checkUnchanged() throws(PKCS11Error) {
    let now = try Self.status(of: descriptor, file.path)
    var found = stat()
    guard unsafe stat(file.path, &found) == 0, FileIdentity(found) == file.identity, now.st_size == status.st_size,
      Self.times(now) == Self.times(status)
    else {
      throw PKCS11Error(
        rule: .moduleUnchanged, operation: ModuleLoader.operation,
        message: "\(file.path) was changed or exchanged while it was being loaded, so it gets no PIN",
        hint: "if the module is being upgraded, wait for the end of it and start again")
    }
  }

  private static func status(of descriptor: CInt, _ path: String) throws(PKCS11Error) -> stat {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw ModulePath.refused(path, code: errno) }
    return status
  }

  /// When content, owner or mode were last changed.
  private static func times(_ status: stat) -> [Int] {
    #if canImport(Darwin)
      [status.st_mtimespec.tv_sec, status.st_mtimespec.tv_nsec, status.st_ctimespec.tv_sec, status.st_ctimespec.tv_nsec]
    #else
      [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    #endif
  }

  private static func read(_ descriptor: CInt, _ path: String) throws(PKCS11Error) -> (sha256: [UInt8], size: Int, beginning: [UInt8]) {
    var digest = FileDigest()
    var size = 0
    var beginning: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { buffer in
        let count = unsafe systemRead(descriptor, buffer)
        if count > 0 { unsafe digest.add(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
        return count
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw ModulePath.refused(path, code: errno) }
      if count == 0 { return (digest.finish(), size, beginning) }
      if size == 0 { beginning = Array(buffer[..<min(count, 64)]) }
      size += count
    }
  }
}

/// `read(2)` under a name that members do not hide.
private func systemRead(_ descriptor: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  unsafe read(descriptor, buffer.baseAddress!, buffer.count)
}
