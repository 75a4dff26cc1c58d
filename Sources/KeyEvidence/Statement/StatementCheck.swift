/// Holds signatures, manifest and content of a statement against each other, and finds where they part.
struct StatementCheck {
  let expectedFormat: String
  /// The manifest that the document has.
  let stated: StatementManifest
  /// The manifest that belongs to the document's content and to the format that was asked for.
  let computed: StatementManifest
  let claims: [SignatureClaim]
  let operation: String

  /// The signatures, when everything fits.
  func signatures() throws(EvidenceError) -> [StatementSignature] {
    guard !claims.isEmpty else { throw failure(.signers, "/signatures", "nobody has signed") }
    let signed = stated.bytes
    var bad: [SignatureClaim] = []
    for claim in claims {
      let isGood = claim.verifies(over: signed)
      guard claim.statedSHA256 == claim.computedSHA256 else {
        // A signature that is good vouches for the key that it was checked with.
        throw isGood
          ? failure(.signers, "\(claim.pointer)/public-key-sha256", "it is not the SHA-256 of the public key beside it")
          : failure(.signers, "\(claim.pointer)/public-key", "the public key is not the one whose SHA-256 stands beside it")
      }
      if !isGood { bad.append(claim) }
    }
    if let first = bad.first { throw diagnosis(of: first, isOnly: bad.count < claims.count) }
    guard stated.format == expectedFormat else {
      throw failure(
        .format, "/manifest/format", "it is \(EvidenceText.shown(stated.format)), and \(expectedFormat) was asked for",
        hint: Self.hint(stated.format, expectedFormat))
    }
    if let difference = difference() { throw difference }
    try checkOrder()
    var signatures: [StatementSignature] = []
    for claim in claims {
      signatures.append(
        try StatementSignature(
          role: claim.role, algorithm: claim.algorithm, publicKey: claim.publicKey, signature: claim.signature, over: signed,
          at: claim.pointer, operation: operation))
    }
    return signatures
  }

  private static func hint(_ stated: String, _ expected: String) -> String? {
    stated.split(separator: "/").first == expected.split(separator: "/").first
      ? "it was made for another version of this tool" : "it is another kind of document"
  }

  private func failure(_ rule: EvidenceRule, _ place: String, _ message: String, hint: String? = nil) -> EvidenceError {
    EvidenceError(rule, where: place, operation: operation, message: message, hint: hint)
  }
}

extension StatementCheck {
  /// Why a signature does not verify: is it the manifest that was changed, or the signature?
  private func diagnosis(of claim: SignatureClaim, isOnly: Bool) -> EvidenceError {
    guard claim.algorithm.fits(claim.publicKey) else {
      return failure(.algorithm, "\(claim.pointer)/algorithm", "no signature of the kind \(claim.algorithm) is made with such a key")
    }
    let others = StatementSignatureAlgorithm.allCases.filter { $0 != claim.algorithm }
    if let other = others.first(where: { $0.isValid(claim.signature, over: stated.bytes, by: claim.publicKey) }) {
      return failure(.algorithm, "\(claim.pointer)/algorithm", "the signature is one of the kind \(other)")
    }
    if claim.verifies(over: computed.bytes) {
      let place =
        stated.format == computed.format ? changedDigest.map { JSONPointer.appending($0, to: "/manifest/sha256") } : "/manifest/format"
      return failure(
        .manifest, place ?? "/manifest",
        "the manifest was changed after it was signed: with the entry that belongs to the content the signature verifies")
    }
    if stated.format != expectedFormat {
      return failure(
        .format, "/manifest/format", "it is \(EvidenceText.shown(stated.format)), and \(expectedFormat) was asked for",
        hint: Self.hint(stated.format, expectedFormat))
    }
    if let place = changedDigest {
      return failure(
        .manifest, JSONPointer.appending(place, to: "/manifest/sha256"),
        "neither does the signature verify, nor does this entry fit the content: more than one thing was changed")
    }
    return failure(
      .signature, "\(claim.pointer)/signature",
      isOnly
        ? "the signature does not verify, and others over the same manifest do: it was changed, or is another's"
        : "the signature does not verify with its public key, although the manifest fits the content: it was changed, or is another's")
  }

  /// The first entry of the manifest that differs from what the content gives, an element before the section that it is in.
  private var changedDigest: String? {
    let pointers = Set(stated.sha256.keys).union(computed.sha256.keys).filter { stated.sha256[$0] != computed.sha256[$0] }
    return pointers.min { ($0.utf8.count(where: Self.isSlash) == 2 ? 0 : 1, $0) < ($1.utf8.count(where: Self.isSlash) == 2 ? 0 : 1, $1) }
  }

  private static func isSlash(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") }
}

extension StatementCheck {
  /// What of the content is not what the signed manifest says.
  private func difference() -> EvidenceError? {
    let missing = stated.sha256.keys.filter { computed.sha256[$0] == nil }
    let added = computed.sha256.keys.filter { stated.sha256[$0] == nil }
    let changed = computed.sha256.keys.filter { stated.sha256[$0] != nil && stated.sha256[$0] != computed.sha256[$0] }
    guard !missing.isEmpty || !added.isEmpty || !changed.isEmpty else { return nil }
    // Elements say more than the sections that they are in; a section speaks for itself when none of its elements does.
    let elements = Self.inOrder(changed.filter { $0.utf8.count(where: Self.isSlash) > 1 })
    if let first = Self.inOrder(missing).first {
      let others = elements.isEmpty ? "" : ", and \(Self.list(elements)) differ"
      return failure(.digest, "/content\(shown(first))", "something that was signed is not there any more\(others)")
    }
    if let first = Self.inOrder(added).first {
      let others = elements.isEmpty ? "" : ", and \(Self.list(elements)) differ"
      return failure(.digest, "/content\(shown(first))", "something is there that was not signed\(others)")
    }
    if elements.count == 2, stated.sha256[elements[0]] == computed.sha256[elements[1]],
      stated.sha256[elements[1]] == computed.sha256[elements[0]]
    {
      return failure(
        .digest, "/content\(shown(elements[0]))", "it has changed places with /content\(shown(elements[1])) since it was signed")
    }
    let places = elements.isEmpty ? Self.inOrder(changed) : elements
    guard let first = places.first else { return nil }
    return failure(
      .digest, "/content\(shown(first))",
      places.count == 1
        ? "it was changed after it was signed: its SHA-256 is not the one in the signed manifest"
        : "it was changed after it was signed, as were \(Self.list(Array(places.dropFirst())))")
  }

  private func shown(_ pointer: String) -> String { EvidenceText.shown(pointer) }

  /// By section, and in it by number.
  private static func inOrder(_ pointers: [String]) -> [String] {
    pointers.sorted { left, right in
      let (left, right) = (left.split(separator: "/"), right.split(separator: "/"))
      for (one, other) in zip(left, right) where one != other {
        if let one = Int(one), let other = Int(other) { return one < other }
        return one < other
      }
      return left.count < right.count
    }
  }

  private static func list(_ pointers: [String]) -> String {
    let shown = pointers.prefix(3).map { "/content\(EvidenceText.shown($0))" }.joined(separator: ", ")
    return pointers.count > 3 ? "\(shown) and \(pointers.count - 3) more" : shown
  }

  /// That the signatures stand in the one order that they may have.
  private func checkOrder() throws(EvidenceError) {
    for (previous, next) in zip(claims, claims.dropFirst())
    where !((previous.role, previous.computedSHA256) < (next.role, next.computedSHA256)) {
      throw failure(.signers, next.pointer, "signatures are sorted by role and SHA-256 of the public key, and these two are not")
    }
    var seen: Set<String> = []
    for claim in claims where !seen.insert(claim.computedSHA256).inserted {
      throw failure(.signers, claim.pointer, "this key has signed already")
    }
  }
}
