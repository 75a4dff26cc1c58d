import Foundation
import Synchronization
import TestSupport

/// Where performances of one example take place, one after the other: what they have in common is made once.
public final class CeremonyGround: Sendable {
  public let example: CeremonyExample
  private let folder: TemporaryFolder
  private let service: CeremonyService?
  private let template: CeremonyPlace

  private init(_ example: CeremonyExample) async throws {
    self.example = example
    folder = try TemporaryFolder()
    service = example.usesService ? try await CeremonyService() : nil
    do {
      template = try await CeremonyPlace.template(example, in: folder.url.appending(path: "template"), service: service)
    } catch {
      await service?.stop()
      throw error
    }
  }

  /// Prepares an example, works on it, and stops its service whatever happens.
  public static func with<Result>(_ example: CeremonyExample, _ body: (CeremonyGround) async throws -> Result) async throws -> Result {
    let ground = try await CeremonyGround(example)
    do {
      let result = try await body(ground)
      await ground.service?.stop()
      return result
    } catch {
      await ground.service?.stop()
      throw error
    }
  }

  /// A place for one performance.
  public func place() async throws -> CeremonyPlace {
    try await template.copy(to: folder.url.appending(path: "run-\(UUID().uuidString)"))
  }
}
