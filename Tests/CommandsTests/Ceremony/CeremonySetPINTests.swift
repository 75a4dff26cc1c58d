import Campaign
import Foundation
import TestSupport
import Testing

/// A PIN that is changed by a step which is cut off: files answer, so nobody can be asked about a wrong try.
@Suite(
  "Ceremonies: a PIN that was being changed when the run was cut off", .serialized, .timeLimit(.minutes(10)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct CeremonySetPINTests {
  private static let plan = """
    format: hsmkey-ceremony-plan/1
    name: new-pin
    title: A new PIN
    participants:
      leader: { name: Leena Leader, role: leader, acknowledges-with: words }
    tokens:
      main: { label: payroll, user-pin: user }
    pins:
      user: { from: site }
      user-2: { from: site }
    before:
      keys: [ { token: main, key: ceremony-2026, algorithm: ecdsa-p256 } ]
    ceremony-key: { token: main, key: ceremony-2026 }
    steps:
      - { id: agree, action: gate, actor: leader, text: We change it., participants: [leader] }
      - { id: new, action: set-pin, actor: leader, token: main, owner: user, to: user-2 }

    """

  /// The step has begun, and its new PIN could not be read: the token is as it was.
  private func begun(_ place: CeremonyPlace) async throws -> [String] {
    try place.write(Self.plan, to: "new-pin.yaml")
    try place.write(try await place.succeeds(["ceremony", "check", "new-pin.yaml", "--print-answers"]), to: "new-answers.yaml")
    try await place.succeeds(["ceremony", "rehearse", "new-pin.yaml", "--out", "new-rehearsal", "--answers", "new-answers.yaml"])
    let site = try String(contentsOfFile: place.path("site.yaml"), encoding: .utf8)
      .replacing("pins: { user: 'file:user-pin' }", with: "pins: { user: 'file:user-pin', user-2: 'file:user-pin-2' }")
      .replacing("inputs: { statement: statement.txt }\n", with: "")
    try place.write(site, to: "new-site.yaml")
    let perform = [
      "ceremony", "perform", "new-pin.yaml", "--site", "new-site.yaml", "--rehearsal", "new-rehearsal", "--answers-instead-of-people",
      "new-answers.yaml",
    ]
    let failed = try await place.tool(perform)
    #expect(failed.exitCode != 0 && failed.standardError.contains("user-pin-2"), "\(failed.standardError)")
    try place.write("24681357\n", to: "user-pin-2")
    return perform
  }

  private func goesOn(_ perform: [String], _ place: CeremonyPlace) async throws {
    let result = try await place.tool(perform)
    #expect(result.exitCode == 0, "\(result.standardError)")
    let checked = try await place.tool(
      ["token", "check-pin", "--module", CeremonyPlace.modulePath, "--token", "payroll", "--pin-source", "file:user-pin-2"])
    #expect(checked.exitCode == 0, "\(checked.standardError)")
  }

  @Test("cut off before the change, it is made, and no try is wasted")
  func before() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      let perform = try await begun(place)
      try await goesOn(perform, place)
      #expect(try !place.transcript("performance").contains("had been changed"))
    }
  }

  @Test("cut off after the change, the new PIN is found to be in force", arguments: [true, false])
  func after(isRemembered: Bool) async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      let perform = try await begun(place)
      try await place.succeeds([
        "token", "set-pin", "--module", CeremonyPlace.modulePath, "--token", "payroll", "--pin-source", "file:user-pin", "--new-pin-source",
        "file:user-pin-2",
      ])
      // The process may have died before it could write down that the PIN was replaced: then finding out costs a try.
      if !isRemembered { try FileManager.default.removeItem(atPath: place.path("pins")) }
      try await goesOn(perform, place)
      #expect(try place.transcript("performance").contains("the PIN had been changed before the interruption"))
    }
  }
}

extension CeremonyPlace {
  fileprivate func transcript(_ folder: String) throws -> String {
    try String(contentsOfFile: path("\(folder)/transcript.jsonl"), encoding: .utf8)
  }
}
