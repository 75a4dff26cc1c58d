import Glibc

extension SecretSource {
  /// Looks whether the secret could be read, as far as that can be seen without reading it: the file is there and its owner's only, the
  /// variable is set, the descriptor is open, there is a terminal.
  ///
  /// - Throws: the rule of ``SecretRule`` that ``read(purpose:confirm:)`` would throw.
  public func check() throws(SecretError) {
    let operation = "look at the source \(self)"
    switch kind {
    case .prompt:
      _ = try OpenTerminal(
        OpenTerminal.controlling, operation, hint: "name another source: fd:N, file:PATH, credential:NAME or protected-path")
    case .protectedPath, .held: break
    case .descriptor(let number):
      guard fcntl(number, F_GETFD) != -1 else {
        throw SecretError(
          .descriptor, operation, "descriptor \(number) is not open for reading",
          hint: "open it in the shell: \(number)< FILE, or \(number)< <(command)")
      }
    case .file(let path): _ = try SecretFile.open(path: path, operation: operation)
    case .credential(let name): _ = try SecretFile.open(credential: name, operation: operation)
    case .environment(let name):
      guard unsafe getenv(name) != nil else {
        throw SecretError(.environment, operation, "the variable is not set", hint: "export it, or name another source")
      }
    }
  }
}
