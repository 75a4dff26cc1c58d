import KeyCeremony
import Secrets

/// The PINs of a rehearsal, by their names in the plan.
struct GroundPINs {
  /// Those that the site gives.
  let ofSite: [String: SecretSource]
  /// Those that are shared; tokens that the plan does not initialise have them.
  let shared: [String: HeldSecret]

  init(_ plan: CeremonyPlan) {
    let held = plan.pins.map { ($0, ThrowAwaySecret.pin()) }
    ofSite = Dictionary(uniqueKeysWithValues: held.filter { $0.0.origin == .site }.map { ($0.0.id, .held($0.1, name: $0.0.id)) })
    shared = Dictionary(uniqueKeysWithValues: held.filter { $0.0.origin != .site }.map { ($0.0.id, $0.1) })
  }

  /// The source of a PIN that a token has from the beginning.
  func source(_ name: String) -> SecretSource {
    ofSite[name] ?? .held(shared[name] ?? ThrowAwaySecret.pin(), name: name)
  }
}
