import TestSupport

/// As `eventually`, for questions that are asked asynchronously.
func patiently<Value: Sendable>(
  _ what: String, within limit: Duration = .seconds(60), _ value: () async throws -> Value?
) async throws -> Value {
  let end = ContinuousClock.now + limit
  while true {
    if let value = try await value() { return value }
    guard ContinuousClock.now < end else { throw ChildProcessError("waited in vain for \(what)") }
    try await Task.sleep(for: .milliseconds(10))
  }
}
