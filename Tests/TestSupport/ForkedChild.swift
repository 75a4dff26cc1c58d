import Glibc

/// Forks this process, runs the body in the child, and gives the status that the child exits with: what the body returns, 0 to 99.
///
/// The child has one thread and no way back: it must not touch anything that other threads of the parent may hold a lock on. Swift hides
/// `fork` for that reason, so it is looked up.
public func inForkedChild(_ body: () -> Int32) throws -> Int32 {
  guard let symbol = unsafe dlsym(nil, "fork") else { throw SystemError("dlsym") }
  let fork = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
  let child = fork()
  guard child >= 0 else { throw SystemError("fork") }
  if child == 0 { _exit(body()) }
  var status: Int32 = 0
  while unsafe waitpid(child, &status, 0) < 0 {
    guard errno == EINTR else { throw SystemError("waitpid") }
  }
  // 128 and the signal, as shells say it, when the child did not come to its end.
  return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
}

private struct SystemError: Error, CustomStringConvertible {
  let description: String
  init(_ function: String) { description = "\(function): \(errno)" }
}
