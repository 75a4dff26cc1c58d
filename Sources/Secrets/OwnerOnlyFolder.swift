import Glibc

/// A folder that only its user can look into (0700), with small files that only its user can open (0600).
///
/// The folder is opened once and its files are reached from there, so nothing can be exchanged in between; symbolic links are refused.
/// Files are written whole or not at all, and are on the disk when the writing returns. Writers of one file take turns by a ``FolderLock``.
public final class OwnerOnlyFolder: Sendable {
  /// Where the folder is.
  public let path: String
  private let descriptor: CInt

  /// Opens the folder, or makes it with the folders above it (each 0700).
  ///
  /// - Throws: ``SecretRule/folder`` when it cannot be made or opened, belongs to another user, or lets others in.
  public init(path: String) throws(SecretError) {
    let opened = try Self.open(path)
    self.path = path
    descriptor = opened
  }

  deinit { close(descriptor) }

  /// The whole of a file; `nil` when there is none.
  ///
  /// - Throws: ``SecretRule/length`` for more than `limit` bytes; ``SecretRule/fileType``, ``SecretRule/fileOwner`` or
  ///   ``SecretRule/fileMode`` for a file that is not ours alone.
  public func read(_ name: String, limit: Int) throws(SecretError) -> [UInt8]? {
    let operation = "read \(path)/\(name)"
    let file = unsafe openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw errno == ELOOP
        ? SecretError(.fileType, operation, "it is a symbolic link")
        : SecretError(.fileReadable, operation, "it cannot be opened: \(systemMessage(errno))")
    }
    defer { close(file) }
    try Self.checkOwn(file, operation)
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count <= limit {
      let got = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(file, $0.baseAddress! + count, limit + 1 - count) }
      if got == 0 { break }
      guard got > 0 || errno == EINTR else { throw SecretError(.fileReadable, operation, "reading failed: \(systemMessage(errno))") }
      count += max(got, 0)
    }
    guard count <= limit else { throw SecretError(.length, operation, "it is longer than \(limit) bytes") }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// Puts a file into the place of the one before, if there is one. Hold the file's lock.
  public func write(_ bytes: [UInt8], to name: String) throws(SecretError) {
    let operation = "write \(path)/\(name)"
    let draft = "\(name).new"
    // What an interrupted writer left.
    unsafe _ = unlinkat(descriptor, draft, 0)
    let file = unsafe openat(descriptor, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Self.notWritten(errno, operation) }
    let failure = Self.writeAll(bytes, to: file)
    close(file)
    guard failure == 0, unsafe renameat(descriptor, draft, descriptor, name) == 0 else {
      let code = failure == 0 ? errno : failure
      unsafe _ = unlinkat(descriptor, draft, 0)
      throw Self.notWritten(code, operation)
    }
    guard fsync(descriptor) == 0 else { throw Self.notWritten(errno, operation) }
  }

  /// Removes a file, if there is one. Hold the file's lock.
  public func remove(_ name: String) throws(SecretError) {
    let operation = "remove \(path)/\(name)"
    guard unsafe unlinkat(descriptor, name, 0) == 0 else {
      if errno == ENOENT { return }
      throw Self.notWritten(errno, operation)
    }
    guard fsync(descriptor) == 0 else { throw Self.notWritten(errno, operation) }
  }

  /// Takes a lock that one holder in one process can have at a time; blocks the calling thread until it is free, or the time is over.
  ///
  /// - Returns: `nil` when the time ran out.
  public func lock(_ name: String, waiting limit: Duration) throws(SecretError) -> FolderLock? {
    let operation = "lock \(path)/\(name)"
    let end = ContinuousClock.now + limit
    while true {
      let file = unsafe openat(descriptor, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
      guard file >= 0 else {
        throw errno == ELOOP ? SecretError(.fileType, operation, "it is a symbolic link") : Self.notWritten(errno, operation)
      }
      let lock = FolderLock(adopting: file)
      try Self.checkOwn(file, operation)
      while flock(file, LOCK_EX | LOCK_NB) != 0 {
        guard errno == EWOULDBLOCK || errno == EINTR else {
          throw SecretError(
            .fileWritable, operation, "it cannot be locked: \(systemMessage(errno))",
            hint: "keep the folder on a file system that knows locks")
        }
        guard ContinuousClock.now < end else { return nil }
        usleep(20_000)
      }
      // Whoever removed the file while we waited has made room for another one.
      var status = stat()
      if unsafe fstat(file, &status) == 0, status.st_nlink > 0 { return lock }
    }
  }

  private static func open(_ path: String) throws(SecretError) -> CInt {
    let operation = "open the folder \(path)"
    try make(path, operation)
    let opened = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard opened >= 0 else {
      let reason = errno == ELOOP || errno == ENOTDIR ? "it is a symbolic link or no folder" : systemMessage(errno)
      throw SecretError(.folder, operation, "it cannot be opened: \(reason)", hint: "name a folder of this user's own")
    }
    if let refusal = refusal(ofFolder: opened, path, operation) {
      close(opened)
      throw refusal
    }
    return opened
  }

  private static func refusal(ofFolder folder: CInt, _ path: String, _ operation: String) -> SecretError? {
    var status = stat()
    guard unsafe fstat(folder, &status) == 0, status.st_uid == geteuid() else {
      return SecretError(
        .folder, operation, "it belongs to user \(status.st_uid), and this program runs as user \(geteuid())",
        hint: "name a folder of this user's own")
    }
    return status.st_mode & 0o077 == 0
      ? nil
      : SecretError(.folder, operation, "its permissions let other users at it", hint: "look at what is in it; then: chmod 700 \(path)")
  }

  private static func make(_ path: String, _ operation: String) throws(SecretError) {
    let bytes = Array(path.utf8)
    guard !bytes.isEmpty, !bytes.contains(0) else { throw SecretError(.folder, operation, "its path is empty or no path") }
    // Most often it is there.
    if unsafe access(path, F_OK) == 0 { return }
    for end in bytes.indices.dropFirst() where bytes[end] == UInt8(ascii: "/") || end == bytes.count - 1 {
      let part = String(decoding: bytes[..<(bytes[end] == UInt8(ascii: "/") ? end : end + 1)], as: UTF8.self)
      guard unsafe mkdir(part, 0o700) == 0 || errno == EEXIST || access(part, F_OK) == 0 else {
        throw SecretError(
          .folder, operation, "\(part) cannot be made: \(systemMessage(errno))", hint: "name a folder that this user can write to")
      }
    }
  }

  private static func checkOwn(_ file: CInt, _ operation: String) throws(SecretError) {
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else { throw SecretError(.fileReadable, operation, systemMessage(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw SecretError(.fileType, operation, "it is no regular file") }
    guard status.st_uid == geteuid() else {
      throw SecretError(
        .fileOwner, operation, "it belongs to user \(status.st_uid), and this program runs as user \(geteuid())")
    }
    guard status.st_mode & 0o077 == 0 else { throw SecretError(.fileMode, operation, "its permissions let other users at it") }
  }

  /// - Returns: 0, or the `errno` of what failed.
  private static func writeAll(_ bytes: [UInt8], to file: CInt) -> CInt {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress! + done, $0.count - done) }
      guard count >= 0 || errno == EINTR else { return errno }
      done += max(count, 0)
    }
    return fsync(file) == 0 ? 0 : errno
  }

  private static func notWritten(_ code: CInt, _ operation: String) -> SecretError {
    SecretError(
      .fileWritable, operation, "it cannot be written: \(systemMessage(code))",
      hint: "check the folder's owner and mode, and the room on its disk")
  }
}

/// A lock in an ``OwnerOnlyFolder`` (`flock`), held until ``release()``. The kernel drops it when the process ends, however it ends.
public final class FolderLock: Sendable {
  private let descriptor: CInt

  fileprivate init(adopting descriptor: CInt) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Gives the lock back.
  public func release() {
    // Closing alone would leave the lock with a child that was forked meanwhile, until that child runs its program.
    _ = flock(descriptor, LOCK_UN)
  }
}
