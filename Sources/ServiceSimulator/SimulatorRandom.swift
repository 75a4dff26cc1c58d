import Synchronization
import X509

/// Where the simulator's chance comes from: the system, or a seed, so that a run can be repeated.
///
/// Numbers are given out in the order in which they are asked for, so a run is repeated only where its requests come in the same order.
final class SimulatorRandom: Sendable {
  private let state: Mutex<UInt64?>

  /// - Parameters:
  ///   - seed: nothing for numbers that nobody can foresee.
  ///   - purpose: different purposes have different numbers from one seed, so that one use does not disturb another.
  init(seed: UInt64? = nil, purpose: UInt64 = 0) { state = Mutex(seed.map { $0 ^ (purpose &* 0xd1b5_4a32_d192_ed03) }) }

  func next() -> UInt64 {
    state.withLock { state in
      guard var value = state else { return .random(in: .min ... .max) }
      value &+= 0x9e37_79b9_7f4a_7c15
      state = value
      // SplitMix64, by Steele, Lea and Flood.
      value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
      value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
      return value ^ (value >> 31)
    }
  }

  /// Upper-case hexadecimal digits.
  func hexadecimal(characters: Int) -> String {
    var text = ""
    while text.count < characters {
      let digits = String(next(), radix: 16, uppercase: true)
      text += String(repeating: "0", count: 16 - digits.count) + digits
    }
    return String(text.prefix(characters))
  }

  /// A serial number of exactly eight octets, positive, as the agency's CAs give.
  func serialNumber() -> Certificate.SerialNumber {
    let number = next()
    var octets = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    octets[0] = octets[0] & 0x7f
    if octets[0] == 0 { octets[0] = 1 }
    return Certificate.SerialNumber(bytes: octets)
  }

  /// Whether something happens that happens so often: 0 never, 1 always.
  func happens(_ probability: Double) -> Bool { Double(next() >> 11) * 0x1p-53 < probability }

  func element<Element>(of elements: [Element]) -> Element? {
    elements.isEmpty ? nil : elements[Int(next() % UInt64(elements.count))]
  }
}
