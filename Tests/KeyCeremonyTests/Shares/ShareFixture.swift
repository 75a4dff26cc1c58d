import KeyCeremony
import Secrets

extension HeldSecret {
  /// A secret that is none: a test has it in clear.
  convenience init(_ text: String) { self.init(SecretBytes(copying: Array(text.utf8))) }

  /// What it holds, as text.
  var clear: String { String(decoding: clearBytes, as: UTF8.self) }

  var clearBytes: [UInt8] { withBytes { bytes in bytes.indices.map { bytes[$0] } } }
}

extension PINShare {
  init(typed text: String) throws(CeremonyError) { try self.init(typed: HeldSecret(text)) }

  var card: String { text().clear }
}

/// All choices of so many elements.
func choices<Element>(of count: Int, from elements: [Element]) -> [[Element]] {
  guard count > 0 else { return [[]] }
  guard elements.count >= count, let first = elements.first else { return [] }
  let rest = Array(elements.dropFirst())
  return choices(of: count - 1, from: rest).map { [first] + $0 } + choices(of: count, from: rest)
}
