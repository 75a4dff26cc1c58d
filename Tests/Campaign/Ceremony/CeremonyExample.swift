import Foundation
import TestSupport

/// The ceremonies that docs/ceremonies shows.
public enum CeremonyExample: String, CaseIterable, Sendable, CustomStringConvertible {
  case firstKey = "first-key"
  case renewal
  case rootKey = "root-key"
  case destruction

  public var description: String { rawValue }

  /// The plan in the repository.
  var planPath: String { OfficialMaterial.projectFolder.appending(path: "docs/ceremonies/\(rawValue).yaml").path }

  /// Whether a certificate service is asked.
  var usesService: Bool { self == .firstKey || self == .renewal }

  /// The keys that are on the first token afterwards, by the beginnings of their names.
  var keysAfterwards: [String] {
    switch self {
    case .firstKey: ["ceremony-2026", "payroll"]
    case .renewal: ["ceremony-2026", "payroll", "payroll"]
    case .rootKey: ["ceremony-2026", "root-2026"]
    case .destruction: ["ceremony-2026"]
    }
  }
}
