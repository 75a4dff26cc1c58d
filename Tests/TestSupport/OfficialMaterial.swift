public import Foundation

/// The agency's published schema, CA certificates and sample messages, kept beside the checkout (`../shared/official`)
/// and never in it. Tests that need them use `.enabled(if: OfficialMaterial.isPresent, OfficialMaterial.whySkipped)`.
public enum OfficialMaterial {
  /// The root of the checkout, found from this source file.
  public static let projectFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  public static let folder = projectFolder.deletingLastPathComponent().appending(path: "shared/official")

  public static let isPresent = FileManager.default.fileExists(atPath: folder.path)

  public static let whySkipped: String = "the agency's official material is not beside this checkout (\(folder.path))"

  public static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: path)))
  }
}
