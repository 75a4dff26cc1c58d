internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Tells whether this process is a child that was forked after a module was loaded.
///
/// Such a child may not use its parent's initialisation (section 5.4 of the standard), and most modules crash or, worse, work with the
/// parent's connection. The C library calls us in each child, so asking costs one load and no call of the system.
enum ForkWatch {
  /// How many forks lie between this process and the first use of a module.
  static var depth: Int { forks.load(ordering: .relaxed) }

  private static let forks = Atomic<Int>(0)

  /// Begins to watch. Repeating it changes nothing.
  static func begin() { _ = isWatching }

  private static let isWatching = pthread_atfork(nil, nil, { ForkWatch.forks.add(1, ordering: .relaxed) }) == 0
}
