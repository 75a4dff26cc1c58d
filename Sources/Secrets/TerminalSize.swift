import Glibc

/// How large a terminal is.
public enum TerminalSize {
  /// The number of columns; nil when the descriptor is no terminal, or one that does not tell.
  public static func columns(of descriptor: CInt) -> Int? {
    size(of: descriptor).flatMap { $0.ws_col > 0 ? Int($0.ws_col) : nil }
  }

  /// The number of rows; nil when the descriptor is no terminal, or one that does not tell.
  public static func rows(of descriptor: CInt) -> Int? {
    size(of: descriptor).flatMap { $0.ws_row > 0 ? Int($0.ws_row) : nil }
  }

  private static func size(of descriptor: CInt) -> winsize? {
    var size = winsize()
    return unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? size : nil
  }
}
