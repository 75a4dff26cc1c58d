import PKCS11

extension Bench {
  /// Handles after their object or the login has gone.
  func checkEnds() async {
    await recorder.check("after a logout private keys are gone, and come back with the next login") {
      let key = try anyKey()
      return try withLogin { session in
        let handle = try key.privateHandle(in: &session)
        try session.logout()
        let isHidden = try session.findObjects(matching: [.init(.id, key.identifier), .init(.objectClass, ObjectClass.privateKey)]).isEmpty
        guard isHidden else { throw Wrong("a private key is seen without login") }
        let refused = try withSession { try self.signingAnswer(handle, key.kind, in: &$0) }
        guard let refused else { throw Wrong("a key signs after the logout") }
        try session.login(.user, pin: pin())
        let again = try withSession { try self.signingAnswer(handle, key.kind, in: &$0) }
        let fresh = try key.privateHandle(in: &session)
        guard try signingAnswer(fresh, key.kind, in: &session) == nil else { throw Wrong("the key does not sign after the new login") }
        return "signing after the logout: \(refused); with the old handle after the new login: \(again?.description ?? "CKR_OK")"
      }
    }
    await recorder.check("a destroyed key's handle is refused") {
      let doomed = try generateWithoutPolicy(anyKey().kind, label: "to be destroyed")
      return try withLogin(.readWrite) { session in
        let handle = try doomed.privateHandle(in: &session)
        for object in try session.findObjects(matching: [.init(.id, doomed.identifier)]) { try session.destroyObject(object) }
        guard try session.findObjects(matching: [.init(.id, doomed.identifier)]).isEmpty else { throw Wrong("the key is still found") }
        let reading = try self.answer { _ = try session.attributes([.label], of: handle) }
        guard let reading else { throw Wrong("its attributes can still be read") }
        let signing = try withSession { try self.signingAnswer(handle, doomed.kind, in: &$0) }
        guard let signing else { throw Wrong("it still signs") }
        return "reading: \(reading); signing: \(signing)"
      }
    }
    await recorder.check("everything that was made is destroyed") {
      try withLogin(.readWrite) { session in
        var refusals: [String: ReturnValue] = [:]
        for (kind, key) in keys {
          for object in try session.findObjects(matching: [.init(.id, key.identifier)]) {
            if let refusal = try answer({ try session.destroyObject(object) }) { refusals[kind.rawValue] = refusal }
          }
        }
        if let refusal = refusals.values.first {
          throw Finding(
            rule: "\(refusal.name ?? "\(refusal)")", detail: "for keys of kind \(refusals.keys.sorted().joined(separator: ", "))")
        }
        let left = try session.findObjects(matching: [.init(.objectClass, ObjectClass.privateKey)])
        guard left.isEmpty else { throw Wrong("\(left.count) private keys are left") }
        return nil
      }
    }
  }

  private func signingAnswer(_ handle: ObjectHandle, _ kind: KeyKind, in session: inout Session) throws -> ReturnValue? {
    guard let way = kind.signing.first(where: { offers($0.mechanism.type, .sign) }) else { throw Wrong("no mechanism to sign with") }
    return try answer {
      _ = try session.sign(way.data([1, 2, 3]), with: way.mechanism, key: handle, maximumSignatureSize: kind.signatureSize)
    }
  }
}
