import PKCS11

/// One probe under way: the calls it has made, and what has come of them so far.
final class ProbeTrial {
  let probe: KeyProbe
  private var calls: [ProbeCall] = []
  private var refusals = 0
  /// The token began, and did not end it well.
  private var brokenOff = 0
  private var failures = 0
  /// The token did not like how it was asked, which takes nothing away from a refusal of the same in another form.
  private var misfits = 0
  private var valuesRead: [AttributeType] = []
  private var mechanismsWrapping: [MechanismType] = []
  private var deeds: [(deed: String, mechanisms: [MechanismType])] = []
  private var notes: [String] = []

  init(_ probe: KeyProbe) { self.probe = probe }

  /// What a token answered to an attempt.
  enum Answer<Value> {
    case accepted(Value)
    case refused
    /// It has no means to be asked for it.
    case impossible
    /// It failed, and says nothing of the key.
    case failed
  }

  /// Makes an attempt, which is one call or several, and records each. What only goes wrong on the way to the attempt is no answer to it.
  ///
  /// - Parameters:
  ///   - functions: the functions that are called, in their order.
  ///   - doubtful: answers that do not tell whether the use or the form of the question is refused.
  /// - Throws: what is no answer of the module, such as a deadline that has passed.
  func attempt<Value>(
    _ functions: String..., mechanism: MechanismType? = nil, doubtful: Set<ReturnValue> = [], isDecisive: Bool = true,
    _ body: () throws -> Value
  ) throws -> Answer<Value> {
    do {
      let value = try body()
      for function in functions { calls.append(ProbeCall(function, mechanism, returned: .ok)) }
      return .accepted(value)
    } catch let error as PKCS11Error {
      // Without the token's own answer there is nothing to record, and nothing that could be taken for a refusal.
      guard let function = error.function, let returned = error.returnValue else { throw error }
      for before in functions.prefix(while: { $0 != function }) { calls.append(ProbeCall(before, mechanism, returned: .ok)) }
      calls.append(ProbeCall(function, mechanism, returned: returned))
      if Self.impossibilities.contains(returned) { return .impossible }
      let isBegun = function != functions.first
      let isRefusal = !isBegun && Self.isRefusal(error) && !doubtful.contains(returned)
      if isDecisive {
        let isMisfit = Self.questionable.contains(returned) || doubtful.contains(returned)
        if isRefusal { refusals += 1 } else if isBegun { brokenOff += 1 } else if isMisfit { misfits += 1 } else { failures += 1 }
      }
      return isRefusal ? .refused : .failed
    }
  }

  /// Records a call that was made by other means.
  func record(_ call: ProbeCall) { calls.append(call) }

  // MARK: - What came of it

  /// The token has begun something, which is not gone on with.
  func began(_ note: String) {
    brokenOff += 1
    notes.append(note)
  }
  /// Nothing came, and nothing was refused.
  func failed(_ note: String) {
    failures += 1
    notes.append(note)
  }
  func gaveOut(_ type: AttributeType) { valuesRead.append(type) }
  func wrapped(with mechanism: MechanismType) { mechanismsWrapping.append(mechanism) }
  /// The token did what the probe is about.
  func did(_ deed: String, by mechanism: MechanismType? = nil) {
    let index = deeds.firstIndex { $0.deed == deed } ?? deeds.count
    if index == deeds.count { deeds.append((deed, [])) }
    if let mechanism, !deeds[index].mechanisms.contains(mechanism) { deeds[index].mechanisms.append(mechanism) }
  }
  var hasDone: Bool { !deeds.isEmpty }
  var hasWrapped: Bool { !mechanismsWrapping.isEmpty }
  func note(_ note: String) { if !notes.contains(note) { notes.append(note) } }

  /// What came of the probe as a whole.
  var result: ProbeResult {
    var violations: [KeyRule: String] = [:]
    if !deeds.isEmpty {
      violations[probe.rule] = deeds.map { deed, mechanisms in
        deed + (mechanisms.isEmpty ? "" : " by \(mechanisms.map(\.description).joined(separator: ", "))")
      }.joined(separator: ", ")
    }
    if !valuesRead.isEmpty {
      violations[.sensitive] = "C_GetAttributeValue gave out \(valuesRead.map(\.description).joined(separator: ", "))"
    }
    if !mechanismsWrapping.isEmpty {
      violations[.notExtractable] = "C_WrapKey gave the key out by \(mechanismsWrapping.map(\.description).joined(separator: ", "))"
    }
    let outcome: ProbeResult.Outcome =
      if !violations.isEmpty { .succeeded } else if brokenOff > 0 || failures > 0 { .inconclusive } else if refusals > 0 {
        .refused
      } else if misfits > 0 {
        .inconclusive
      } else { .notPossible }
    let story = [violations[probe.rule]] + violations.filter { $0.key != probe.rule }.map(\.value).sorted() + notes
    let detail = story.compactMap(\.self).joined(separator: "; ")
    return ProbeResult(probe, outcome, calls, detail: detail.isEmpty ? nil : detail, violations: violations)
  }

  /// Whether an answer refuses what was asked, and not how it was asked.
  private static func isRefusal(_ error: PKCS11Error) -> Bool {
    guard let returned = error.returnValue, !questionable.contains(returned) else { return false }
    return error.recovery == .permanent || returned == .functionRejected
  }

  private static let impossibilities: Set<ReturnValue> = [.functionNotSupported, .mechanismInvalid]

  /// The token did not like the form of the question, or failed, so that it says nothing of the key.
  private static let questionable: Set<ReturnValue> = [
    .argumentsBad, .dataInvalid, .dataLengthRange, .encryptedDataInvalid, .encryptedDataLengthRange, .wrappedKeyInvalid,
    .wrappedKeyLengthRange, .mechanismParameterInvalid, .keySizeRange, .templateIncomplete, .bufferTooSmall, .wrappingKeySizeRange,
    .wrappingKeyTypeInconsistent, .unwrappingKeySizeRange, .domainParametersInvalid, .curveNotSupported,
  ]

  /// The answers to a template that may be about the template itself.
  static let templateAnswers: Set<ReturnValue> = [
    .templateInconsistent, .attributeReadOnly, .attributeTypeInvalid, .attributeValueInvalid,
  ]
}
