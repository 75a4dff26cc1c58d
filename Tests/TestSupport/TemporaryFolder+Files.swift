public import Glibc

/// Files that are not as they should be.
extension TemporaryFolder {
  /// Sets the permissions of a file inside; of the folder itself without a name.
  public func setMode(_ mode: mode_t, of name: String? = nil) throws {
    try check(unsafe chmod(name.map { path($0) } ?? path, mode))
  }

  /// Gives a file away to another user; only root can.
  public func giveAway(_ name: String, to user: uid_t = 65534) throws {
    try check(unsafe chown(path(name), user, user))
  }

  /// Makes a named pipe.
  public func makePipe(_ name: String) throws {
    try check(unsafe mkfifo(path(name), 0o600))
  }

  /// Makes a symbolic link to another file inside.
  public func makeLink(_ name: String, to target: String) throws {
    try check(unsafe symlink(path(target), path(name)))
  }

  private func check(_ result: CInt) throws {
    guard result == 0 else { throw ChildProcessError(unsafe String(cString: strerror(errno))) }
  }
}
