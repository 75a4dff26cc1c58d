import Foundation
import KeyCeremony

/// The parts of a ceremony that need a process of their own: a terminal, or SoftHSM from its initialisation on.
///
/// - `ceremony-probe room PLAN FILE`: goes through every kind of scene and question on the terminal, and writes the answers into a file.
/// - `ceremony-probe ground PLAN SIMULATOR`: makes the ground of a rehearsal, tells what is there, and takes it away; with `--hold` it
///   waits for the end of its input before.
@main
struct CeremonyProbe {
  static func main() async {
    do {
      let arguments = Array(CommandLine.arguments.dropFirst())
      let plan = try CeremonyPlan(reading: Array(try Data(contentsOf: URL(filePath: arguments[1]))), file: arguments[1])
      switch arguments[0] {
      case "room": try await RoomProbe(plan: plan, answers: arguments[2]).run()
      default: try await GroundProbe(plan: plan, simulator: arguments[2], holds: arguments.contains("--hold")).run()
      }
    } catch {
      try? FileHandle.standardError.write(contentsOf: Data("refused: \(error)\n".utf8))
      exit(1)
    }
    exit(0)
  }
}
