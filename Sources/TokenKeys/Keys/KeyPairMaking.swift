import PKCS11

/// A key pair in the making: by what its halves are known, and so what is removed again when it does not come about.
struct KeyPairMaking {
  let name: String
  /// Ours at first; the token's own where it chooses.
  private(set) var identifier: KeyIdentifier
  let dialect: TokenDialect
  /// What is asked for beyond what every key is asked for.
  let wishes: [TemplateChange]
  private(set) var handles: KeyPairHandles?
  /// The login in which the handles were given; see ``TokenConnection/loginEpoch``.
  var loginEpoch: UInt64 = 0
  /// The token was asked for it.
  private(set) var isBegun = false

  init(name: String, identifier: KeyIdentifier, dialect: TokenDialect, wishes: [TemplateChange] = []) {
    self.name = name
    self.identifier = identifier
    self.dialect = dialect
    self.wishes = wishes
  }

  /// Asks the token for the pair (`C_GenerateKeyPair`), with smaller templates when it refuses a template.
  ///
  /// - Returns: the private half.
  /// - Throws: what the token answered; ``TokenKeysError/Code/templateRefused`` when it took no template at all.
  mutating func make(_ algorithm: KeyAlgorithm, operation: String, in session: inout Session) throws -> ObjectHandle {
    let ladder = TemplateLadder(algorithm: algorithm, name: name, identifier: identifier, dialect: dialect, wishes: wishes)
    var refusals: [(leftOut: String?, error: PKCS11Error)] = []
    isBegun = true
    for rung in ladder.rungs {
      let template = rung.template
      do throws(PKCS11Error) {
        let made = try session.generateKeyPair(template.mechanism, publicKey: template.publicKey, privateKey: template.privateKey)
        handles = made
        return made.privateKey
      } catch {
        guard TemplateLadder.isRefusal(error, of: template.mechanism) else { throw error }
        refusals.append((rung.leftOut, error))
      }
      // A refusal should leave nothing; what it leaves nevertheless goes before the next try.
      try removeByIdentifier(in: &session)
    }
    let story = refusals.map { "\($0.leftOut.map { "without \($0)" } ?? "the whole template"): \($0.error.returnValue?.description ?? "")" }
    throw TokenKeysError(
      .templateRefused, operation: operation, message: "the token refused every template (\(story.joined(separator: "; ")))",
      hint: "no key was made; the token's dialect is taken to be \(dialect)", underlying: refusals.first?.error)
  }

  /// Sees to it that both halves carry one identifier, where the token took none in the template: ours if the token lets it be set now,
  /// else the one that it chose.
  mutating func settleIdentifier(in session: inout Session) throws {
    guard dialect.choosesIdentifier, let handles else { return }
    do {
      for half in [handles.privateKey, handles.publicKey] { try session.setAttributes([.init(.id, identifier.bytes)], of: half) }
    } catch {
      guard error.recovery == .permanent else { throw error }
      let chosen = try session.attributes([.id], of: handles.privateKey).bytes(.id) ?? []
      guard !chosen.isEmpty, chosen != identifier.bytes else { throw error }
      identifier = KeyIdentifier(chosen)
    }
  }

  /// Destroys what there is of the pair (`C_DestroyObject`) and makes sure by a search that it is gone.
  ///
  /// Handles that `C_GenerateKeyPair` gave us are ours without a doubt, as long as the login lasts: later they can be of anybody.
  /// So is what carries the identifier, as long as it is the random one
  /// that was made for this pair: also when the generation broke off half way. Under an identifier of the token's own choice may be keys of
  /// others, and nothing is destroyed by it.
  ///
  /// - Throws: ``TokenKeysError`` with ``KeyRule/destroyProved`` when something may be left, with the reason.
  @discardableResult
  func remove(in session: inout Session, loginEpoch: UInt64 = 0) throws(TokenKeysError) -> KeyDestruction {
    let handles = loginEpoch == self.loginEpoch ? self.handles : nil
    var troubles: [String] = []
    var count = 0
    do {
      for handle in [handles?.privateKey, handles?.publicKey].compactMap(\.self) {
        do throws(PKCS11Error) {
          try session.destroyObject(handle)
          count += 1
        } catch { if error.returnValue != .objectHandleInvalid { troubles.append("\(error)") } }
      }
      if !dialect.choosesIdentifier {
        count += try removeByIdentifier(in: &session)
      } else if handles == nil, try !Self.halves(named: name, in: &session).isEmpty {
        troubles.append("there is a key named \(name) now, which somebody else may have made meanwhile and which was not touched")
      }
    } catch {
      troubles.append("\(error)")
    }
    guard troubles.isEmpty else {
      throw TokenKeysError(
        .keyUnusable, rule: .destroyProved, operation: "destroy key \(name)", message: troubles.joined(separator: "; "))
    }
    return KeyDestruction(name: name, identifier: identifier, destroyedKeyObjects: count)
  }

  @discardableResult
  private func removeByIdentifier(in session: inout Session) throws -> Int {
    guard !dialect.choosesIdentifier else { return 0 }
    var trouble: (any Error)?
    var count = 0
    for handle in try Self.halves(of: identifier, in: &session) {
      do {
        try session.destroyObject(handle)
        count += 1
      } catch { trouble = error }
    }
    guard try Self.halves(of: identifier, in: &session).isEmpty else {
      throw trouble
        ?? TokenKeysError(
          .keyUnusable, rule: .destroyProved, operation: "destroy key \(name)",
          message: "the token says that it destroyed it, and shows it still")
    }
    return count
  }

  static func halves(of identifier: KeyIdentifier, in session: inout Session) throws -> [ObjectHandle] {
    try ObjectClass.keyHalves.flatMap {
      try session.findObjects(matching: [.init(.objectClass, $0), .init(.id, identifier.bytes)], limit: 10)
    }
  }

  /// Private and public keys with a label. One search of all kinds: most tokens search by going through all of their objects.
  static func halves(named name: String, in session: inout Session) throws -> [ObjectHandle] {
    var halves: [ObjectHandle] = []
    for object in try session.findObjects(matching: [.init(.label, name)]) {
      do throws(PKCS11Error) {
        let kind = try session.attributes([.objectClass], of: object).objectClass()
        if let kind, ObjectClass.keyHalves.contains(kind) { halves.append(object) }
      } catch {
        // Somebody may have destroyed it since the search.
        guard error.returnValue == .objectHandleInvalid else { throw error }
      }
    }
    return halves
  }
}

extension ObjectClass {
  /// The two objects that make a key pair.
  static let keyHalves: [ObjectClass] = [.privateKey, .publicKey]
}
