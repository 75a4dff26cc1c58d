import Foundation

/// An executable of this package, as it was built beside the tests.
public enum BuiltProduct {
  /// The path of an executable product or target: `BuiltProduct.path("hsmkey")`.
  ///
  /// The test target that uses it must depend on the executable, or it may not have been built.
  public static func path(_ name: String) -> String {
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: name).path
  }
}
