import ArgumentParser
import Foundation
import PKCS11
import TokenKeys

/// `hsmkey token show`
struct TokenShowCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Everything that one token says of itself, and what is remembered of its PIN. Needs no PIN.",
    discussion: "Example: hsmkey token show --token payroll --json")
  @OptionGroup var common: CommonOptions

  struct Report: Answer {
    let token: TokenDetails
    var text: String { token.text }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let token = try await context.selectedToken()
    let mechanisms = try await context.waiting("list the mechanisms") { try token.mechanisms() }
    return Report(token: TokenDetails(token, mechanisms, memory: Result { try context.pinMemory.state(of: token) }))
  }
}

/// A token with everything that is known of it.
struct TokenDetails: Encodable, Sendable {
  struct Mechanism: Encodable, Sendable {
    let name: String
    let minimumKeySize: Int
    let maximumKeySize: Int
    let uses: [String]
  }

  struct Algorithm: Encodable, Sendable {
    let name: String
    let isUsable: Bool
    let signsWith: [String: String]
    let obstacle: String?
  }

  /// A number, or a word for what is none.
  struct Count: Encodable, Sendable {
    let limit: Limit

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      if case .maximum(let count) = limit { try container.encode(count) } else { try container.encode(limit.description) }
    }
  }

  struct Memory: Encodable, Sendable {
    let failedTries: Int?
    let lastFailure: Date?
    let refusedPins: Int?
    let isUnattendedUsePossible: Bool?
    let trouble: String?

    init(_ state: Result<PINMemoryState, any Error>) {
      let known = try? state.get()
      failedTries = known?.failureCount
      lastFailure = known?.lastFailure
      refusedPins = known?.refusedPINCount
      isUnattendedUsePossible = known?.isUnattendedUsePossible
      if case .failure(let error) = state { trouble = ErrorTranslation.translate(error)?.message ?? "\(error)" } else { trouble = nil }
    }

    var text: String {
      if let trouble { return trouble }
      guard let failedTries, failedTries > 0 || (refusedPins ?? 0) > 0 else { return "nothing against it" }
      let when = lastFailure.map { ", last on \($0.ISO8601Format())" } ?? ""
      let tries = failedTries == 1 ? "one try" : "\(failedTries) tries"
      return "\(tries) without success since the last login\(when); PINs known to be wrong: \(refusedPins ?? 0)"
        + (isUnattendedUsePossible == false ? "; a person must log in once: hsmkey token check-pin" : "")
    }
  }

  let label: String
  let serial: String
  let model: String
  let manufacturer: String
  let hardwareVersion: String
  let firmwareVersion: String
  let uri: String
  let dialect: String
  let peculiarities: [String]
  let flags: [String]
  let flagNames: [String]
  let pinState: String
  let pinMemory: Memory
  let minimumPinLength: Int?
  let maximumPinLength: Int?
  let maximumSessions: Count
  let maximumReadWriteSessions: Count
  let openSessions: Int?
  let clock: Date?
  let slot: String
  let module: String
  let library: String
  let cryptokiVersion: String
  let interfaceVersion: String
  let algorithms: [Algorithm]
  let mechanisms: [Mechanism]

  init(_ token: Token, _ offered: [MechanismType: MechanismInformation], memory: Result<PINMemoryState, any Error>) {
    let report = TokenReport(token)
    let information = token.module.information
    label = token.label
    serial = token.serialNumber
    model = token.model
    manufacturer = token.manufacturer
    hardwareVersion = "\(token.hardwareVersion)"
    firmwareVersion = "\(token.firmwareVersion)"
    uri = token.uri.description
    dialect = token.dialect.name
    peculiarities = token.dialect.explanations
    flags = TokenWords(token).flags
    flagNames = token.flags.description.split(separator: " ").map(String.init)
    pinState = report.isUserPinSet ? report.pinState : "not set"
    pinMemory = Memory(memory)
    minimumPinLength = token.minimumPINLength
    maximumPinLength = token.maximumPINLength
    maximumSessions = Count(limit: token.maximumSessionCount)
    maximumReadWriteSessions = Count(limit: token.maximumReadWriteSessionCount)
    openSessions = token.sessionCount
    clock = token.clock.flatMap(DoctorClock.parse)
    slot = token.slot.description
    module = token.module.path
    library = "\(information.libraryDescription) \(information.libraryVersion), \(information.manufacturer)"
    cryptokiVersion = "\(information.cryptokiVersion)"
    interfaceVersion = "\(information.interfaceVersion)"
    algorithms = KeyAlgorithm.allCases.map { kind in
      let offer = AlgorithmOffer(kind, mechanisms: offered)
      let ways = offer.signatures.compactMap { way in way.mechanism.map { (way.algorithm.rawValue, $0.description) } }
      return Algorithm(
        name: kind.rawValue, isUsable: offer.isUsable, signsWith: offer.isUsable ? Dictionary(ways) { first, _ in first } : [:],
        obstacle: offer.objectionToMaking ?? (offer.isUsable ? nil : offer.signatures.first?.objection))
    }
    mechanisms = offered.map { type, information in
      Mechanism(
        name: "\(type)", minimumKeySize: information.minimumKeySize, maximumKeySize: information.maximumKeySize,
        uses: MechanismUse.words(information.flags))
    }.sorted { ($0.name.hasPrefix("CKM_0x") ? 1 : 0, $0.name) < ($1.name.hasPrefix("CKM_0x") ? 1 : 0, $1.name) }
  }

  var text: String {
    let pinRange = "\(minimumPinLength.map(String.init) ?? "?") to \(maximumPinLength.map(String.init) ?? "?") bytes"
    let open = openSessions.map { ", \($0) open" } ?? ""
    var facts = [
      ("token", label), ("serial", serial), ("model", model), ("manufacturer", manufacturer),
      ("versions", "hardware \(hardwareVersion), firmware \(firmwareVersion)"), ("slot", slot), ("library", library),
      ("PKCS #11", "\(cryptokiVersion), function table \(interfaceVersion)"), ("user PIN", "\(pinState); \(pinRange)"),
      ("PIN memory", pinMemory.text),
      ("sessions", "\(SessionLimits.words(maximumSessions.limit, toWrite: maximumReadWriteSessions.limit))\(open)"),
      ("flags", flags.joined(separator: "; ")), ("dialect", dialect),
      ("keys", algorithms.filter(\.isUsable).map(\.name).joined(separator: ", ")),
    ]
    if let clock { facts.append(("clock", clock.ISO8601Format())) }
    facts.append(("uri", uri))
    let width = mechanisms.map(\.name.count).max() ?? 0
    let list = mechanisms.map { mechanism in
      let largest = mechanism.maximumKeySize >= Int(Int32.max) ? "" : "\(mechanism.maximumKeySize)"
      let sizes = mechanism.maximumKeySize == 0 ? "" : "\(mechanism.minimumKeySize)-\(largest)"
      let uses = mechanism.uses.joined(separator: " ")
      let padded = mechanism.name + String(repeating: " ", count: width - mechanism.name.count)
      return "  \(padded)  \(sizes + String(repeating: " ", count: max(0, 9 - sizes.count)))  \(uses)"
    }
    return Console.facts(facts, wrappingAt: Console.answerWidth) + "\n\n\(mechanisms.count) mechanisms, with the sizes of their keys\n"
      + list.joined(separator: "\n")
  }
}

/// The uses of a mechanism in words.
enum MechanismUse {
  static func words(_ flags: MechanismFlags) -> [String] {
    let names: [(MechanismFlags, String)] = [
      (.sign, "sign"), (.verify, "verify"), (.generateKeyPair, "generate-key-pair"), (.generate, "generate"), (.digest, "digest"),
      (.encrypt, "encrypt"), (.decrypt, "decrypt"), (.wrap, "wrap"), (.unwrap, "unwrap"), (.derive, "derive"), (.hardware, "hardware"),
    ]
    return names.filter { flags.contains($0.0) }.map(\.1)
  }
}
