/// How measurements are taken here: in short turns, one way and the other, because other programs share the machine and a processor does
/// not keep its pace. The ratio of each round counts, and their median is told.
public enum Measuring {
  /// How often a second something happens, when `body` does it `count` times.
  public static func rate(_ count: Int, _ body: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await body()
    return Double(count) / ((ContinuousClock.now - start) / .seconds(1))
  }

  /// Both rates and the median of their ratios over some rounds, after one that warms up. The order changes from round to round.
  public static func compare(
    rounds: Int, plain: () async throws -> Double, ours: () async throws -> Double
  ) async rethrows -> (plain: Double, ours: Double, ratio: Double) {
    var pairs: [(plain: Double, ours: Double)] = []
    for round in 0...rounds {
      let plainBefore = round.isMultiple(of: 2) ? try await plain() : nil
      let ourRate = try await ours()
      let plainRate = if let plainBefore { plainBefore } else { try await plain() }
      if round > 0 { pairs.append((plainRate, ourRate)) }
    }
    return (median(pairs.map(\.plain)), median(pairs.map(\.ours)), median(pairs.map { $0.ours / $0.plain }))
  }

  /// The middle of some values, of which there is at least one.
  public static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}
