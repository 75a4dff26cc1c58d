import Foundation
import Glibc
import PKCS11
import TestSupport
import TokenKeys

/// Puts one token through every check, in a process of its own: `conformance-probe SETTINGS-FILE`. With more arguments it makes or uses one
/// key, see ``SharedKeys``.
///
/// Prints a line of JSON for each finding as it comes (``ConformanceLine``), so that a crash shows how far it went. Ends with 0 when it has
/// come to its end, whatever the checks found.
@main
struct ConformanceProbe {
  static func main() async throws {
    // Neither does a module that hangs hang the tests, nor does this process outlive them.
    let parent = getppid()
    Thread.detachNewThread {
      for _ in 0..<2400 where getppid() == parent { Thread.sleep(forTimeInterval: 0.2) }
      exit(75)
    }
    let settings = try JSONDecoder().decode(
      ConformanceSettings.self, from: Data(contentsOf: URL(filePath: CommandLine.arguments.dropFirst().first ?? "")))
    if CommandLine.arguments.count > 2 { return try await SharedKeys.run(settings, Array(CommandLine.arguments.dropFirst(2))) }
    let recorder = Recorder()
    var module: Module?
    await recorder.check("module opens") {
      let opened = try Module(path: settings.module, initializationString: settings.initializationString)
      module = opened
      return nil
    }
    guard let module else { return }
    var token: Token?
    await recorder.check("token found by its URI") {
      let found = try module.token(matching: PKCS11URI(label: settings.token))
      guard try module.token(matching: PKCS11URI("\(found.uri)")).isSame(as: found) else {
        throw Wrong("the token's own URI finds another")
      }
      token = found
      return nil
    }
    guard let token else { return }
    let mechanisms = try token.mechanisms()
    recorder.record(
      facts: BackendFacts(module.information, token),
      mechanisms: Dictionary(uniqueKeysWithValues: mechanisms.map { ("\($0)", $1.flags.names) }))

    let bench = Bench(token: token, mechanisms: mechanisms, settings: settings, recorder: recorder)
    await bench.checkLogin()
    await bench.checkSessions()
    await bench.checkKeys()
    await bench.checkMechanisms()
    await bench.checkProtection()
    await bench.checkEnds()
    await recorder.check("module is finalized") {
      try module.finalize()
      return nil
    }
  }
}

extension BackendFacts {
  init(_ module: ModuleInformation, _ token: Token) {
    func number(_ count: Int?) -> String { count.map { "\($0)" } ?? "not told" }
    self.init(
      library: module.libraryDescription, libraryVersion: "\(module.libraryVersion)", manufacturer: module.manufacturer,
      cryptokiVersion: "\(module.cryptokiVersion)", interfaceVersion: "\(module.interfaceVersion)",
      usesGetInterface: module.usesGetInterface, model: token.model, firmwareVersion: "\(token.firmwareVersion)",
      pinLength: "\(number(token.minimumPINLength)) to \(number(token.maximumPINLength))",
      maximumSessions: "\(token.maximumSessionCount)", maximumReadWriteSessions: "\(token.maximumReadWriteSessionCount)",
      dialect: token.dialect.name)
  }
}
