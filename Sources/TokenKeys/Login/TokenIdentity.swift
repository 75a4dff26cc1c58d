import Crypto
import PKCS11

/// What tells a token from every other: what it says of its maker, model, serial number and label.
///
/// A token that is initialised again with another label is another token: it has other PINs.
struct TokenIdentity: Hashable, Sendable {
  let manufacturer: String
  let model: String
  let serialNumber: String
  let label: String

  init(_ token: Token) {
    manufacturer = token.manufacturer
    model = token.model
    serialNumber = token.serialNumber
    label = token.label
  }

  init(manufacturer: String, model: String, serialNumber: String, label: String) {
    self.manufacturer = manufacturer
    self.model = model
    self.serialNumber = serialNumber
    self.label = label
  }

  /// Every part with its length before it, so that no two tokens give the same bytes.
  var bytes: [UInt8] {
    [manufacturer, model, serialNumber, label].flatMap { part in
      let utf8 = Array(part.utf8)
      return withLength(utf8.count) + utf8
    }
  }

  /// The name of this token's files: 32 hexadecimal digits.
  var fileName: String { SHA256.hash(data: bytes).prefix(16).hexadecimal }

  private func withLength(_ count: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } }
}

/// Whose PIN it is. A PIN that is asked for once more for one operation is the user's.
enum PINOwner: String, Hashable, Sendable {
  case user = "user"
  case securityOfficer = "security officer"

  init(_ user: UserType) { self = user == .securityOfficer ? .securityOfficer : .user }
}
