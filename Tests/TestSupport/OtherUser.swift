import Foundation

/// Work in the name of the user *nobody*, as far as files are concerned: on Linux each thread has a user and group of its own for them,
/// and a thread of root that gives them up may no longer give files away.
public enum OtherUser {
  private typealias Change = @convention(c) (UInt32) -> CInt

  /// Runs `body` on such a thread. Only for tests that run as root.
  public static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      // A thread of its own, which ends with what it has given up.
      Thread.detachNewThread {
        continuation.resume(
          with: Swift.Result {
            // No module of Swift's has them.
            for name in ["setfsgid", "setfsuid"] {
              guard let address = unsafe dlsym(dlopen(nil, RTLD_NOW), name) else { throw ChildProcessError("no function \(name)") }
              _ = unsafe unsafeBitCast(address, to: Change.self)(65534)
            }
            return try body()
          })
      }
    }
  }
}
