import Foundation

/// Where one revocation list comes from: a file, or an address with a copy that is kept.
public struct RevocationListSource: Sendable {
  /// The file or address, for people.
  public let name: String

  /// The copy that is kept from an earlier time, and whether it is so fresh that no new one need be fetched; nil where there is none.
  public let kept: @Sendable () -> (bytes: [UInt8], isFresh: Bool)?

  /// Gets the list.
  public let fetch: @Sendable () async throws -> [UInt8]

  /// Keeps a copy for the next time, of a list whose signature was checked. A list that cannot be kept is used all the same.
  public let keep: @Sendable ([UInt8]) -> Void

  /// A source; without the last two it keeps nothing.
  public init(
    name: String, fetch: @escaping @Sendable () async throws -> [UInt8],
    kept: @escaping @Sendable () -> (bytes: [UInt8], isFresh: Bool)? = { nil }, keep: @escaping @Sendable ([UInt8]) -> Void = { _ in }
  ) {
    self.name = name
    self.fetch = fetch
    self.kept = kept
    self.keep = keep
  }
}

/// The configured revocation lists, each fetched once a run, or once more when it has grown old.
public actor RevocationLists {
  /// What one source has. No signature was looked at: whoever answers for the authority over plain http can have made it up.
  struct Loaded: Sendable {
    let name: String
    /// The one that came and the kept copy, as far as they are there; the newer one first.
    let candidates: [RevocationListCandidate]
    /// Why there is none.
    var failure: CertificateServiceError?
  }

  private let sources: [RevocationListSource]
  private var tasks: [Int: Task<Loaded, Never>] = [:]

  /// Lists from these sources.
  public init(_ sources: [RevocationListSource]) { self.sources = sources }

  /// Every list, or why there is none. A list that was current when it was fetched and is not any more is fetched anew.
  func all(at time: Date) async -> [Loaded] {
    for index in sources.indices {
      guard let task = tasks[index] else { continue }
      if await task.value.candidates.contains(where: { $0.list.nextUpdate <= time }), tasks[index] == task { tasks[index] = nil }
    }
    for (index, source) in sources.enumerated() where tasks[index] == nil {
      tasks[index] = Task { await Self.load(source, at: time) }
    }
    var loaded: [Loaded] = []
    for index in sources.indices { if let task = tasks[index] { loaded.append(await task.value) } }
    return loaded
  }

  /// The kept copy while it is fresh; else a new one, and the kept copy as long as it is current or the newer one: whoever answers for
  /// the authority over plain http could play an old list back.
  private static func load(_ source: RevocationListSource, at time: Date) async -> Loaded {
    let kept = source.kept().flatMap { kept in
      (try? RevocationList(kept.bytes, from: source.name)).map { (list: $0, isFresh: kept.isFresh) }
    }
    let copy = kept.flatMap { time < $0.list.nextUpdate ? RevocationListCandidate($0.list) : nil }
    if let copy, kept?.isFresh == true { return Loaded(name: source.name, candidates: [copy]) }
    do {
      let bytes = try await source.fetch()
      let list = try RevocationList(bytes, from: source.name)
      let new = RevocationListCandidate(list) { source.keep(bytes) }
      if let kept, kept.list.thisUpdate > list.thisUpdate {
        return Loaded(name: source.name, candidates: [RevocationListCandidate(kept.list), new])
      }
      return Loaded(name: source.name, candidates: [new] + [copy].compactMap(\.self))
    } catch {
      if let copy { return Loaded(name: source.name, candidates: [copy]) }
      let failure =
        error as? CertificateServiceError
        ?? CertificateServiceError(
          code: .unreachable, rule: .revocationListAvailable,
          operation: "get the revocation list \(SafeText.oneLine(source.name, limit: 300))",
          message: SafeText.oneLine("\(error)", limit: 300), underlying: error)
      return Loaded(name: source.name, candidates: [], failure: failure)
    }
  }
}
