public import Foundation

/// Makes an inventory of objects that come one after the other, in any order: brings the halves of key pairs together.
public struct InventoryBuilder: Sendable {
  /// One half of a key pair, as it was read.
  public struct Half: Sendable {
    /// The half.
    public let half: InventoryHalf
    /// Kind and size, as this half tells them.
    public let algorithm: String
    /// SHA-256 of the public key, where this half tells it: public halves, and private halves of RSA.
    public let publicKeySHA256: String?

    /// A half of these parts.
    public init(_ half: InventoryHalf, algorithm: String, publicKeySHA256: String?) {
      self.half = half
      self.algorithm = algorithm
      self.publicKeySHA256 = publicKeySHA256
    }
  }

  private var privateHalves: [Half] = []
  private var publicHalves: [Half] = []
  private var certificates: [InventoryCertificate] = []
  private var others: [InventoryObject] = []
  private var unreadable: [InventoryUnreadable] = []

  /// Nothing seen yet.
  public init() {}

  /// A private half was read.
  public mutating func add(privateHalf: Half) { privateHalves.append(privateHalf) }
  /// A public half was read.
  public mutating func add(publicHalf: Half) { publicHalves.append(publicHalf) }
  /// A certificate was read.
  public mutating func add(_ certificate: InventoryCertificate) { certificates.append(certificate) }
  /// Another object was read.
  public mutating func add(_ object: InventoryObject) { others.append(object) }
  /// Something could not be read.
  public mutating func add(_ unreadable: InventoryUnreadable) { self.unreadable.append(unreadable) }

  /// The inventory of everything that was added.
  ///
  /// - Parameter waivedRules: rules of the policy that are overlooked, by name.
  public func inventory(
    of token: TokenInventory.Token, scope: TokenInventory.Scope, policy: String, waivedRules: Set<String> = [], madeAt: Date,
    madeBy: String
  ) -> TokenInventory {
    TokenInventory(
      token: token, scope: scope, policy: policy, madeAt: madeAt, madeBy: madeBy, keys: keys(waivedRules), certificates: certificates,
      others: others, unreadable: unreadable)
  }

  /// Brings halves together: by the public key where the private half tells it, otherwise by `CKA_ID` where that names one of each, or by
  /// `CKA_ID` and label where those do. A label alone says nothing.
  private func keys(_ waivedRules: Set<String>) -> [InventoryKey] {
    let idCounts = privateHalves.reduce(into: [:]) { $0[$1.half.id, default: 0] += 1 }
    var byKey: [String: [Int]] = [:]
    for (index, half) in publicHalves.enumerated() {
      if let key = half.publicKeySHA256 { byKey[key, default: []].append(index) }
    }
    var taken: Set<Int> = []
    var partners = [Int?](repeating: nil, count: privateHalves.count)
    for (index, half) in privateHalves.enumerated() {
      guard let key = half.publicKeySHA256, let same = byKey[key]?.filter({ !taken.contains($0) }) else { continue }
      // Of several copies the one with the same identifier.
      guard let partner = same.first(where: { publicHalves[$0].half.id == half.half.id }) ?? same.first else { continue }
      partners[index] = partner
      taken.insert(partner)
    }
    // Those that share an identifier are told apart by label first; what is left may name one of each then.
    for name in [{ [$0.id, $0.label] }, { [$0.id] }] as [(InventoryHalf) -> [String]] {
      let open = privateHalves.indices.filter { partners[$0] == nil && privateHalves[$0].publicKeySHA256 == nil }
      let privateByName = Dictionary(grouping: open.filter { !privateHalves[$0].half.id.isEmpty }) { name(privateHalves[$0].half) }
      let publicByName = Dictionary(grouping: publicHalves.indices.filter { !taken.contains($0) }) { name(publicHalves[$0].half) }
      for (name, halves) in privateByName where halves.count == 1 {
        guard let same = publicByName[name], same.count == 1 else { continue }
        guard privateHalves[halves[0]].canBelong(to: publicHalves[same[0]]) else { continue }
        partners[halves[0]] = same[0]
        taken.insert(same[0])
      }
    }
    let certified = certifiedKeys
    let pairs = privateHalves.enumerated().map { index, half in
      let partner = partners[index].map { publicHalves[$0] }
      let key = half.publicKeySHA256 ?? partner?.publicKeySHA256 ?? (idCounts[half.half.id] == 1 ? certified[half.half.id] : nil)
      let isShared = (idCounts[half.half.id] ?? 0) > 1 && !half.half.id.isEmpty
      return InventoryKey(
        algorithm: partner?.algorithm ?? half.algorithm, publicKeySHA256: key,
        privateHalf: isShared ? half.half.sharingItsIdentifier(isWaived: waivedRules.contains("KEY-UNIQUE-ID")) : half.half,
        publicHalf: partner?.half)
    }
    let alone = publicHalves.indices.filter { !taken.contains($0) }.map { index in
      InventoryKey(
        algorithm: publicHalves[index].algorithm, publicKeySHA256: publicHalves[index].publicKeySHA256, privateHalf: nil,
        publicHalf: publicHalves[index].half)
    }
    return pairs + alone
  }

  /// Public keys by the `CKA_ID` of the one certificate that tells them: smart cards know the public key from there only.
  private var certifiedKeys: [String: String] {
    Dictionary(grouping: certificates.filter { !$0.id.isEmpty }, by: \.id).compactMapValues { group in
      let keys = Set(group.compactMap { $0.contents?.publicKeySHA256 })
      return keys.count == 1 ? keys.first : nil
    }
  }
}

extension InventoryBuilder.Half {
  /// Whether both can be of one pair, by what they tell of kind and size.
  fileprivate func canBelong(to other: Self) -> Bool {
    algorithm == other.algorithm || [algorithm, other.algorithm].contains { $0.hasPrefix("CKK_") || $0 == "unknown" }
  }
}

extension InventoryHalf {
  /// The same with a verdict that knows of the other keys under this identifier, which were not known when it was judged.
  fileprivate func sharingItsIdentifier(isWaived: Bool) -> InventoryHalf {
    let rule = "KEY-UNIQUE-ID"
    func with(_ rules: [String]) -> [String] { rules.contains(rule) ? rules : rules + [rule] }
    return InventoryHalf(
      label: label, id: id, attributes: attributes,
      verdict: verdict.map {
        .init(
          objections: isWaived ? $0.objections : with($0.objections), violated: with($0.violated), notClaimed: $0.notClaimed)
      })
  }
}
