import Glibc

/// How large a terminal is.
public enum TerminalSize {
  /// The number of columns; nil when the descriptor is no terminal, or one that does not tell.
  public static func columns(of descriptor: CInt) -> Int? {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }
}
