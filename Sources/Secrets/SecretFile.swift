import Glibc

/// A file that holds one secret, opened and found fit: what is checked is the open file, so nothing can be exchanged in between.
struct SecretFile: ~Copyable {
  private let descriptor: CInt
  private let operation: String

  private init(adopting descriptor: CInt, _ operation: String) {
    self.descriptor = descriptor
    self.operation = operation
  }

  deinit { close(descriptor) }

  /// A file anywhere: regular, owned by this user or root, with no permission for anyone else.
  static func open(path: String, operation: String) throws(SecretError) -> SecretFile {
    let descriptor = unsafe Glibc.open(path, openFlags)
    guard descriptor >= 0 else { throw openError(errno, operation) }
    let file = SecretFile(adopting: descriptor, operation)
    let status = try file.statusOfOwnRegularFile()
    guard status.st_mode & 0o077 == 0 else {
      throw SecretError(
        .fileMode, operation, "the file's permissions (\(octal(status.st_mode))) let other users at it",
        hint: "chmod 600 it, and change the secret if others may have read it")
    }
    return file
  }

  /// A file that the service manager laid into `$CREDENTIALS_DIRECTORY`.
  ///
  /// systemd's own are 0400, or 0440 and root's with an access list for the service's user: that much is accepted here and nowhere else.
  static func open(credential name: String, operation: String) throws(SecretError) -> SecretFile {
    let folder = try openCredentialsFolder(operation)
    let descriptor = unsafe openat(folder, name, openFlags)
    let failure = errno
    close(folder)
    guard descriptor >= 0 else {
      throw failure == ENOENT
        ? SecretError(
          .credential, operation, "there is no such credential in $CREDENTIALS_DIRECTORY",
          hint: "give the unit LoadCredential=\(name):/path or LoadCredentialEncrypted=")
        : openError(failure, operation)
    }
    let file = SecretFile(adopting: descriptor, operation)
    let status = try file.statusOfOwnRegularFile()
    let ownerOnly = status.st_mode & 0o077 == 0
    let handedOutByRoot = status.st_uid == 0 && status.st_mode & 0o7777 & ~0o440 == 0
    guard ownerOnly || handedOutByRoot else {
      throw SecretError(.fileMode, operation, "the credential's permissions (\(octal(status.st_mode))) let other users at it")
    }
    return file
  }

  /// The whole file; more than the limit is read no further.
  borrowing func contents() throws(SecretError) -> SecretBytes {
    let operation = operation
    return try SecretSource.bytes(from: descriptor) { (code: CInt) in
      SecretError(.fileReadable, operation, "reading failed: \(systemMessage(code))")
    }
  }

  // Not blocking: the open of a pipe without a writer would otherwise wait for one.
  private static let openFlags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY

  private static func openCredentialsFolder(_ operation: String) throws(SecretError) -> CInt {
    guard let path = unsafe getenv("CREDENTIALS_DIRECTORY"), unsafe path[0] == CChar(UInt8(ascii: "/")) else {
      throw SecretError(
        .credential, operation, "$CREDENTIALS_DIRECTORY does not name a folder",
        hint: "credentials exist only in a service that systemd starts with LoadCredential=; use file:PATH elsewhere")
    }
    let folder = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      throw SecretError(.credential, operation, "the folder $CREDENTIALS_DIRECTORY cannot be opened: \(systemMessage(errno))")
    }
    var status = stat()
    guard unsafe fstat(folder, &status) == 0, status.st_uid == 0 || status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
      close(folder)
      throw SecretError(.credential, operation, "the folder $CREDENTIALS_DIRECTORY can be changed by other users")
    }
    return folder
  }

  private borrowing func statusOfOwnRegularFile() throws(SecretError) -> stat {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw SecretError(.fileReadable, operation, "the file cannot be examined: \(systemMessage(errno))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SecretError(.fileType, operation, "it is no regular file", hint: "for a pipe use fd:N")
    }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw SecretError(
        .fileOwner, operation, "the file belongs to user \(status.st_uid), and this program runs as user \(geteuid())",
        hint: "let the user who runs this program own the file")
    }
    return status
  }

  private static func openError(_ code: CInt, _ operation: String) -> SecretError {
    switch code {
    case ELOOP: SecretError(.fileType, operation, "it is a symbolic link", hint: "name the file itself")
    case ENXIO: SecretError(.fileType, operation, "it is no regular file", hint: "for a pipe use fd:N")
    default:
      SecretError(
        .fileReadable, operation, "the file cannot be opened: \(systemMessage(code))",
        hint: "name a file that is there and that user \(geteuid()), who runs this program, owns")
    }
  }

  private static func octal(_ mode: mode_t) -> String {
    let digits = String(mode & 0o7777, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
