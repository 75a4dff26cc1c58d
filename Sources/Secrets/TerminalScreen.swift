/// What is shown on the controlling terminal, wherever standard output and standard error go.
public struct TerminalScreen: Sendable {
  /// The controlling terminal, whatever standard input and output are.
  var path = OpenTerminal.controlling

  /// The terminal that this process belongs to; whether there is one shows when it is used.
  public init() {}

  /// Shows a text as it is, with the sequences in it that steer a terminal: what comes from others has to be cleaned before.
  ///
  /// - Throws: ``SecretRule/noTerminal``.
  public func show(_ text: String) throws(SecretError) {
    try OpenTerminal(path, "show something on the terminal").show(text)
  }

  /// Shows a secret to the person who is to write it down: its groups, numbered. Only characters that can be seen are shown.
  ///
  /// - Throws: ``SecretRule/noTerminal``.
  public func show(_ secret: HeldSecret) throws(SecretError) {
    let terminal = try OpenTerminal(path, "show something on the terminal")
    try terminal.show(secret: SecretGroups.page(of: secret, width: TerminalSize.columns(of: terminal.descriptor) ?? 80))
  }

  /// The number of columns and rows; nil where the terminal does not tell.
  ///
  /// - Throws: ``SecretRule/noTerminal``.
  public func size() throws(SecretError) -> (columns: Int?, rows: Int?) {
    let terminal = try OpenTerminal(path, "look at the terminal")
    return (TerminalSize.columns(of: terminal.descriptor), TerminalSize.rows(of: terminal.descriptor))
  }
}
