import Foundation

/// Where one revocation list comes from: a file, or an address with a copy that is kept.
public struct RevocationListSource: Sendable {
  /// The file or address, for people.
  public let name: String

  /// The copy that is kept from an earlier time, and whether it is so fresh that no new one need be fetched; nil where there is none.
  public let kept: @Sendable () -> (bytes: [UInt8], isFresh: Bool)?

  /// Gets the list.
  public let fetch: @Sendable () async throws -> [UInt8]

  /// Keeps a copy for the next time. A list that cannot be kept is used all the same.
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
  /// One list, or why there is none.
  struct Loaded: Sendable {
    let name: String
    let list: Result<RevocationList, CertificateServiceError>
  }

  private let sources: [RevocationListSource]
  private var tasks: [Int: Task<Loaded, Never>] = [:]

  /// Lists from these sources.
  public init(_ sources: [RevocationListSource]) { self.sources = sources }

  /// Every list, or why there is none. A list that was current when it was fetched and is not any more is fetched anew.
  func all(at time: Date) async -> [Loaded] {
    for index in sources.indices {
      guard let task = tasks[index] else { continue }
      if case .success(let list) = await task.value.list, list.nextUpdate <= time, tasks[index] == task { tasks[index] = nil }
    }
    for (index, source) in sources.enumerated() where tasks[index] == nil {
      tasks[index] = Task { await Self.load(source, at: time) }
    }
    var loaded: [Loaded] = []
    for index in sources.indices { if let task = tasks[index] { loaded.append(await task.value) } }
    return loaded
  }

  /// The kept copy while it is fresh; else a new one; else the kept copy as long as it is current. Of two, never the older one: whoever
  /// answers for the authority over plain http could play an old list back.
  private static func load(_ source: RevocationListSource, at time: Date) async -> Loaded {
    let kept = source.kept().flatMap { kept in
      (try? RevocationList(kept.bytes, from: source.name)).map { (list: $0, isFresh: kept.isFresh) }
    }
    if let kept, kept.isFresh, time < kept.list.nextUpdate { return Loaded(name: source.name, list: .success(kept.list)) }
    do {
      let bytes = try await source.fetch()
      let list = try RevocationList(bytes, from: source.name)
      if let kept, kept.list.thisUpdate > list.thisUpdate { return Loaded(name: source.name, list: .success(kept.list)) }
      source.keep(bytes)
      return Loaded(name: source.name, list: .success(list))
    } catch {
      if let kept, time < kept.list.nextUpdate { return Loaded(name: source.name, list: .success(kept.list)) }
      let failure =
        error as? CertificateServiceError
        ?? CertificateServiceError(
          code: .unreachable, rule: .revocationListAvailable,
          operation: "get the revocation list \(SafeText.oneLine(source.name, limit: 300))",
          message: SafeText.oneLine("\(error)", limit: 300), underlying: error)
      return Loaded(name: source.name, list: .failure(failure))
    }
  }
}
