/// How often something was done in a time, and how long it took.
struct Measurement: Encodable, Sendable {
  let count: Int
  /// How many a second, all sessions together.
  let perSecond: Double
  /// Half of them were at most as long, in milliseconds.
  let p50Milliseconds: Double
  /// All but a hundredth of them were at most as long, in milliseconds.
  let p99Milliseconds: Double

  enum CodingKeys: String, CodingKey {
    case count
    case perSecond
    case p50Milliseconds = "p50-milliseconds"
    case p99Milliseconds = "p99-milliseconds"
  }

  /// Nil when nothing was done.
  ///
  /// - Parameters:
  ///   - times: how long each took.
  ///   - elapsed: how long they took together, side by side.
  init?(_ times: [Duration], in elapsed: Duration) {
    guard !times.isEmpty, elapsed > .zero else { return nil }
    let sorted = times.sorted()
    func percentile(_ part: Double) -> Double {
      let index = min(sorted.count - 1, max(0, Int((part * Double(sorted.count)).rounded(.up)) - 1))
      return Self.rounded(sorted[index] / .milliseconds(1), digits: 1000)
    }
    count = times.count
    perSecond = Self.rounded(Double(times.count) / (elapsed / .seconds(1)), digits: 100)
    p50Milliseconds = percentile(0.5)
    p99Milliseconds = percentile(0.99)
  }

  private static func rounded(_ value: Double, digits: Double) -> Double { (value * digits).rounded() / digits }
}
