/// Runs pieces of work in the order in which they come, each after the one before it has ended.
///
/// An actor alone does not do that: it lets others in wherever its work waits.
actor OneAtATime {
  private var latest: Task<Void, Never>?

  func run<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
    let before = latest
    let turn = Task {
      await before?.value
      return await work()
    }
    latest = Task { _ = await turn.value }
    return await turn.value
  }
}
