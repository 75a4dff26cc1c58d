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

  /// The number of columns and rows; nil where the terminal does not tell.
  ///
  /// - Throws: ``SecretRule/noTerminal``.
  public func size() throws(SecretError) -> (columns: Int?, rows: Int?) {
    let terminal = try OpenTerminal(path, "look at the terminal")
    return (TerminalSize.columns(of: terminal.descriptor), TerminalSize.rows(of: terminal.descriptor))
  }
}
