import Foundation
import PKCS11
import TestSupport
import TokenKeys

/// Something is not as it should be.
struct Wrong: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The token lacks what a check needs.
enum Lacking: Error {
  /// All of these mechanisms, for one use of them.
  case mechanisms([MechanismType], MechanismFlags)
  /// What another check would have made.
  case check(String)
}

/// The token does what our policy refuses, or does not do what it promised.
struct Finding: Error {
  let rule: String
  let detail: String
}

/// Runs checks and prints what they find, a line each.
final class Recorder {
  private var outcomes: [String: CheckResult.Outcome] = [:]

  /// Runs one check; it returns what is worth telling, or throws ``Lacking``, ``Finding`` or what went wrong.
  func check(_ name: String, _ body: () async throws -> String?) async {
    do {
      record(CheckResult(name, .passed, detail: try await body()))
    } catch Lacking.mechanisms(let types, let use) {
      record(CheckResult(name, .skipped, missing: types.flatMap { type in use.names.map { "\(type) (\($0))" } }))
    } catch Lacking.check(let other) {
      record(CheckResult(name, .skipped, because: other))
    } catch let finding as Finding {
      record(CheckResult(name, .finding, detail: finding.detail, rule: finding.rule))
    } catch let error as PKCS11Error where error.returnValue != nil {
      // An answer that nobody asked for; whether it is known of this token is not for the probe to say.
      record(CheckResult(name, .finding, detail: "\(error.operation): \(error.function ?? "")", rule: error.returnValue?.name))
    } catch let error as TokenKeysError {
      record(CheckResult(name, .finding, detail: error.message, rule: error.rule?.rawValue ?? error.code.rawValue))
    } catch {
      record(CheckResult(name, .failed, detail: "\(error)"))
    }
  }

  func record(facts: BackendFacts, mechanisms: [String: [String]]) {
    print(ConformanceLine(facts: facts, mechanisms: mechanisms))
  }

  private func record(_ result: CheckResult) {
    let twice = outcomes.updateValue(result.outcome, forKey: result.name) != nil
    print(ConformanceLine(check: twice ? CheckResult(result.name, .failed, detail: "two checks have this name") : result))
  }

  private func print(_ line: ConformanceLine) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard var bytes = try? encoder.encode(line) else { return }
    bytes.append(10)
    // Not through a buffer, which a crash would take along.
    try? FileHandle.standardOutput.write(contentsOf: bytes)
  }
}

extension MechanismFlags {
  /// The uses that checks ask for.
  var names: [String] {
    let uses: [(MechanismFlags, String)] = [
      (.generateKeyPair, "generate key pair"), (.generate, "generate"), (.sign, "sign"), (.wrap, "wrap"),
    ]
    return uses.filter { contains($0.0) }.map(\.1)
  }
}
