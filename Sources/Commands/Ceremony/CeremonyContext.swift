import Foundation
import KeyCeremony
import KeyEvidence
import PKCS11
import TokenKeys

extension CommandContext {
  /// Reads a plan's file.
  static func ceremonyPlan(at path: String) throws -> CeremonyPlan {
    try CeremonyPlan(reading: InputOutput.read(path, operation: "read the plan"), file: path)
  }

  /// What this process provides for a ceremony.
  func ceremonySurroundings() throws -> CeremonySurroundings {
    CeremonySurroundings(
      loadModule: { path, digest in
        try await self.loadModule(at: path, pin: ModulePin(owner: self.modulePin().owner, sha256: digest))
      },
      didLogIn: { LoadedModules.add($0) }, pinMemory: pinMemory, sessions: poolConfiguration, tool: try .running(),
      subject: { try SubjectName.parse($0) },
      explain: { error in
        guard let known = ErrorTranslation.translate(error) else { return .init(code: "internal-fault", rule: nil, message: "\(error)") }
        return .init(code: known.code, rule: known.rule, message: "\(known.operation): \(known.message)")
      })
  }
}
