import Foundation
import SystemPackage

/// The paths of a site file: one that does not begin with a slash is meant from the file's own folder.
struct SitePaths {
  private let folder: FilePath

  init(file: String) {
    let path = FilePath(file)
    let whole = path.isAbsolute ? path : FilePath(FileManager.default.currentDirectoryPath).appending(path.components)
    folder = whole.removingLastComponent()
  }

  /// The absolute path, without `.` and `..`.
  func resolve(_ path: String) -> String { folder.pushing(FilePath(path)).lexicallyNormalized().string }

  /// Whether a path is a folder's, or in it. Both are absolute.
  static func isInside(_ path: String, _ folder: String) -> Bool {
    FilePath(path).lexicallyNormalized().starts(with: FilePath(folder).lexicallyNormalized())
  }
}
