import Foundation
import KeyCeremony
import TestSupport

/// The ceremonies in docs/ceremonies.
enum ExamplePlan {
  static let names = ["first-key", "renewal", "root-key", "destruction"]

  static func bytes(_ file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: OfficialMaterial.projectFolder.appending(path: "docs/ceremonies/\(file)")))
  }

  static func text(_ file: String) throws -> String { String(decoding: try bytes(file), as: UTF8.self) }

  static func plan(_ name: String) throws -> CeremonyPlan { try CeremonyPlan(reading: bytes("\(name).yaml"), file: "\(name).yaml") }
}
