#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The way to a file: every folder and symbolic link that is passed, and the path without links.
struct ModulePath {
  /// Something on the way: whoever can change it decides which file is found in the end.
  struct Place: Hashable, Sendable {
    enum Kind { case folder, link, file }

    let path: String
    let kind: Kind
    let owner: UInt32
    let group: UInt32
    /// The permissions, with the sticky bit and the like: `0o1777`.
    let mode: UInt16

    init(_ path: String, _ status: stat) {
      self.path = path
      kind =
        switch status.st_mode & S_IFMT {
        case S_IFDIR: .folder
        case S_IFLNK: .link
        default: .file
        }
      owner = status.st_uid
      group = status.st_gid
      mode = UInt16(truncatingIfNeeded: status.st_mode & 0o7777)
    }
  }

  let realPath: String
  /// In the order in which they are passed, from the root folder to the file itself.
  let places: [Place]

  private static let maximumLinkCount = 40

  /// Follows an absolute path as the system does, looking at each part.
  ///
  /// - Throws: ``PKCS11Rule/moduleAbsolutePath``, or ``PKCS11Rule/modulePath`` when it leads nowhere.
  init(following path: String) throws(PKCS11Error) {
    guard path.hasPrefix("/"), !path.utf8.contains(0) else {
      throw PKCS11Error(
        rule: .moduleAbsolutePath, operation: ModuleLoader.operation,
        message: "the path of a module must be absolute, and \"\(path)\" is not",
        hint: "a name without a folder would be looked for in places that others can write to; name the very file")
    }
    try Self.refuseDollar(path, of: path)
    var places = [Place("/", try Self.status("/", of: path))]
    var here: [Substring] = []
    var ahead = Array(path.split(separator: "/").reversed())
    var linkCount = 0
    while let part = ahead.popLast() {
      if part == "." { continue }
      if part == ".." {
        _ = here.popLast()
        continue
      }
      let next = "/" + (here + [part]).joined(separator: "/")
      let status = try Self.status(next, of: path)
      let place = Place(next, status)
      places.append(place)
      guard place.kind == .link else {
        here.append(part)
        continue
      }
      linkCount += 1
      guard linkCount <= Self.maximumLinkCount else { throw Self.refused(path, code: ELOOP) }
      let target = try Self.target(ofLink: next, of: path)
      if target.hasPrefix("/") { here = [] }
      ahead.append(contentsOf: target.split(separator: "/").reversed())
    }
    realPath = "/" + here.joined(separator: "/")
    self.places = places
    try Self.refuseDollar(realPath, of: path)
  }

  /// The loader puts something else for `$LIB`, `$ORIGIN` and the like, and would load another file than the one that is looked at here.
  private static func refuseDollar(_ part: String, of path: String) throws(PKCS11Error) {
    guard part.utf8.contains(UInt8(ascii: "$")) else { return }
    throw PKCS11Error(
      rule: .moduleAbsolutePath, operation: ModuleLoader.operation,
      message: "the path of a module must have no \"$\", and \"\(path)\" \(part == path ? "has one" : "leads to \"\(part)\"")",
      hint: "the loader puts other words for $LIB, $ORIGIN and $PLATFORM, and would load another file; keep the module elsewhere")
  }

  private static func status(_ place: String, of path: String) throws(PKCS11Error) -> stat {
    var status = stat()
    guard unsafe lstat(place, &status) == 0 else { throw refused(path, code: errno) }
    return status
  }

  private static func target(ofLink link: String, of path: String) throws(PKCS11Error) -> String {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe readlink(link, $0.baseAddress!, $0.count) }
    guard count >= 0 else { throw refused(path, code: errno) }
    guard count < bytes.count, let target = String(validating: bytes[..<count], as: UTF8.self) else {
      throw refused(path, code: ENAMETOOLONG)
    }
    return target
  }

  /// The error for a path that the system refuses.
  static func refused(_ path: String, code: CInt) -> PKCS11Error {
    guard code != ENOENT && code != ENOTDIR else {
      return PKCS11Error(
        rule: .modulePath, operation: ModuleLoader.operation, message: "\(path) does not exist",
        hint: "install the device's PKCS#11 library, or correct the path")
    }
    let reason = unsafe String(cString: strerror(code))
    return PKCS11Error(
      rule: .modulePath, operation: ModuleLoader.operation, message: "\(path) cannot be read: \(reason)",
      hint: "the user who runs this (\(geteuid())) must be able to read the file and search the folders above it")
  }
}
