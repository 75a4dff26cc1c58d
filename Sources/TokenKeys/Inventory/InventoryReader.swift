import Foundation
public import KeyEvidence
public import PKCS11

/// Reads the objects of a token, one after the other, and keeps of each no more than the inventory tells.
///
/// A token may be hostile or broken: an object that goes away while it is read, an attribute that is too long, a class that nobody knows
/// are written down, and the reading goes on. What concerns the session or the token as a whole ends it.
struct InventoryReader {
  /// No token holds so many objects; one that tells of more never stops.
  static let maximumObjectCount = 1_000_000

  private let policy: KeyPolicy
  private var builder = InventoryBuilder()
  private var verdicts: [Judged: InventoryVerdict?] = [:]

  /// Everything that the session sees.
  static func read(
    _ token: Token, _ policy: KeyPolicy, _ scope: TokenInventory.Scope, _ time: Date, _ madeBy: String, in session: inout Session
  ) throws -> TokenInventory {
    let handles = try session.findObjects(matching: [], limit: maximumObjectCount + 1)
    guard handles.count <= maximumObjectCount else {
      throw AuditError(
        rule: .objectCount, operation: "read what is on token \(token.label)",
        message: "the token tells of more than \(maximumObjectCount) objects", hint: "ask its maker; no inventory was made")
    }
    var reader = InventoryReader(policy: policy)
    var seen: Set<ObjectHandle> = []
    for handle in handles where seen.insert(handle).inserted { try reader.read(handle, in: &session) }
    return reader.builder.inventory(
      of: .init(token), scope: scope, policy: policy.name, waivedRules: Set(policy.waivers.map(\.rule.rawValue)), madeAt: time,
      madeBy: madeBy)
  }

  private init(policy: KeyPolicy) { self.policy = policy }

  private mutating func read(_ handle: ObjectHandle, in session: inout Session) throws {
    var object: ObjectReading
    do {
      object = try ObjectReading(handle, in: &session)
    } catch {
      let isAboutObject = error.recovery == .findKeyAgain || error.recovery == .permanent
      guard isAboutObject, !session.isPoisoned else { throw error }
      let isGone = error.returnValue == .objectHandleInvalid
      builder.add(
        InventoryUnreadable(
          objectClass: "", label: "", id: "",
          reason: isGone ? "an object went away while it was read" : "an object cannot be read: \(error.inFewWords)"))
      return
    }
    guard object.isOnToken else { return }
    switch object.objectClass {
    case .some(.privateKey): builder.add(privateHalf: try privateHalf(&object))
    case .some(.publicKey): builder.add(publicHalf: publicHalf(&object))
    case .some(.certificate): builder.add(certificate(&object))
    case .some(let other):
      builder.add(
        InventoryObject(objectClass: "\(other)", label: object.label, id: object.id, attributes: object.claims(of: other)))
    case .none:
      builder.add(
        InventoryUnreadable(objectClass: "", label: object.label, id: object.id, reason: "the object does not tell what it is (CKA_CLASS)"))
    }
    for reason in object.troubles {
      builder.add(
        InventoryUnreadable(
          objectClass: object.objectClass.map { "\($0)" } ?? "", label: object.label, id: object.id, reason: reason))
    }
  }

  private mutating func privateHalf(_ object: inout ObjectReading) throws -> InventoryBuilder.Half {
    let claims = object.claims(of: .privateKey)
    let (algorithm, publicKey) = object.publicKey()
    let verdict = judge(object, claims, algorithm)
    return .init(
      .init(label: object.label, id: object.id, attributes: claims, verdict: verdict), algorithm: algorithm, publicKeySHA256: publicKey)
  }

  private func publicHalf(_ object: inout ObjectReading) -> InventoryBuilder.Half {
    let claims = object.claims(of: .publicKey)
    let (algorithm, publicKey) = object.publicKey()
    if publicKey == nil { object.note("the public key cannot be read") }
    return .init(.init(label: object.label, id: object.id, attributes: claims), algorithm: algorithm, publicKeySHA256: publicKey)
  }

  private func certificate(_ object: inout ObjectReading) -> InventoryCertificate {
    let claims = object.claims(of: .certificate)
    let encoded = object.values.bytes(.value) ?? []
    var contents: InventoryCertificate.Contents?
    if claims[text: .certificateType] == nil {
      do { contents = try .init(derEncoded: encoded) } catch {
        object.note(
          encoded.isEmpty ? "the certificate object holds no certificate (CKA_VALUE)" : "the certificate cannot be read: \(error)")
      }
    }
    return InventoryCertificate(
      label: object.label, id: object.id, sha256: encoded.isEmpty ? "" : encoded.sha256, attributes: claims, contents: contents)
  }

  /// What a verdict rests on: keys that are made alike are judged once.
  private struct Judged: Hashable {
    let claims: AttributeClaims
    let algorithm: String
    let identifierLength: Int
  }

  private mutating func judge(_ object: ObjectReading, _ claims: AttributeClaims, _ algorithm: String) -> InventoryVerdict? {
    // Where the token answered nonsense, which is noted, the claims do not tell all of it.
    guard object.troubles.isEmpty else { return judge(object.values, object.keyType, KeyAlgorithm(rawValue: algorithm)) }
    let judged = Judged(claims: claims, algorithm: algorithm, identifierLength: object.values.bytes(.id)?.count ?? 0)
    if let known = verdicts[judged] { return known }
    let verdict = judge(object.values, object.keyType, KeyAlgorithm(rawValue: algorithm))
    if verdicts.count < 1024 { verdicts[judged] = .some(verdict) }
    return verdict
  }

  /// How a key stands to the policy; nil for a kind that the policy knows nothing of, and where the token answers nonsense, which is noted.
  private func judge(_ values: AttributeValues, _ type: KeyType?, _ observed: KeyAlgorithm?) -> InventoryVerdict? {
    let asked: KeyAlgorithm? =
      switch type {
      case .some(.rsa): observed ?? .rsa2048
      case .some(.ec): observed ?? .ecdsaP256
      case .some(.ecEdwards): observed ?? .ed25519
      default: nil
      }
    // How many keys share the identifier is known at the end.
    guard let asked, let verdict = try? policy.judge(values, algorithm: asked, observedAlgorithm: observed, keysWithSameID: 1) else {
      return nil
    }
    return InventoryVerdict(
      objections: verdict.objections.map(\.rule.rawValue),
      violated: verdict.findings.filter { $0.outcome == .violated }.map(\.rule.rawValue),
      notClaimed: verdict.findings.filter { $0.outcome == .notClaimed }.map(\.rule.rawValue))
  }
}

extension TokenInventory.Token {
  /// As the token describes itself.
  public init(_ token: Token) {
    self.init(
      label: token.label, manufacturer: token.manufacturer, model: token.model, serial: token.serialNumber,
      hardwareVersion: "\(token.hardwareVersion)", firmwareVersion: "\(token.firmwareVersion)")
  }
}

extension PKCS11Error {
  /// What came back, without the operation around it.
  var inFewWords: String { returnValue.map { "\(function ?? "the module") returned \($0)" } ?? message }
}
