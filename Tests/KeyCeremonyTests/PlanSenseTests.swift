import KeyCeremony
import TestSupport
import Testing

@Suite("CEREMONY-PLAN-SENSE: what does not fit together, by name and line")
struct PlanSenseTests {
  @Test(
    "what is named is declared, and what is declared is used",
    arguments: [
      ("actor: officer, token: main, expects", "actor: nobody, token: main, expects", "line 31: steps.look.actor names nobody"),
      ("participants: [leader, officer]", "participants: [leader, guest]", "line 32: steps.agree.participants names guest"),
      ("user-pin: user,", "user-pin: usr,", "line 9: tokens.main.user-pin names usr"),
      ("custodians: [leader, officer]", "custodians: [leader, guest]", "line 14: pins.second-user.custodians names guest"),
      ("token: second, key: old, algorithm", "token: third, key: old, algorithm", "line 17: before.keys[0].token names third"),
      ("ceremony-key: { token: main", "ceremony-key: { token: mine", "line 29: ceremony-key.token names mine"),
      ("to: user-2", "to: user-3", "line 36: steps.new-pin.to names user-3"),
      ("input: pem", "input: crt", "line 43: steps.import.input names crt"),
      ("output: request", "output: req", "line 39: steps.csr.output names req"),
      ("order: first-order", "order: second-order", "line 40: steps.enrol.order names second-order"),
      ("on: second", "on: third", "line 45: steps.copy.on names third"),
      ("listener: officer", "listener: somebody", "line 48: steps.read.listener names somebody"),
      ("  user: { from: site }\n", "  user: { from: site }\n  spare: { from: site }\n", "line 13: pins.spare is used by nothing"),
      ("  second: { label", "  third: { label: third, user-pin: user }\n  second: { label", "line 10: tokens.third is used by nothing"),
      ("  pem: {", "  more: { description: x }\n  pem: {", "line 21: inputs.more is used by nothing"),
      ("  proof: {", "  more: { file: x }\n  proof: {", "line 23: outputs.more is used by nothing"),
      ("orders: [ first-order ]", "orders: [ first-order, other ]", "line 28: orders.other is used by nothing"),
      (
        "  auditor: {", "  guest: { name: G, role: witness, acknowledges-with: words }\n  auditor: {",
        "line 7: participants.guest is used by"
      ),
      (
        "algorithm: rsa-2048 }", "algorithm: rsa-2048 }, { token: second, key: x, algorithm: rsa-2048 }",
        "before.keys[1] is used by no step"
      ),
      (
        "algorithm: rsa-2048 }", "algorithm: rsa-2048 }, { token: second, key: old, algorithm: rsa-3072 }",
        "line 17: before.keys[1] is there twice"
      ),
      ("id: agree", "id: look", "line 32: steps.look is there twice: the first begins on line 31"),
      ("file: k-2.proof", "file: K.proof", "line 24: outputs.proof-2.file is the file of proof too"),
      ("output: proof-2", "output: proof", "line 42: steps.prove-2.output is written by the step prove already"),
    ])
  func names(from: String, to: String, message: String) { expect(message, [(from, to)]) }

  @Test(
    "people: gates, custodians, readers",
    arguments: [
      ("participants: [leader, officer]", "participants: []", "line 32: steps.agree.participants is empty"),
      ("participants: [leader, officer]", "participants: [leader, leader]", "line 32: steps.agree.participants names somebody twice"),
      ("custodians: [leader, officer]", "custodians: [leader, leader]", "line 14: pins.second-user.custodians names somebody twice"),
      ("threshold: 2", "threshold: 3", "line 14: pins.second-user.threshold is 3, and there are 2 custodians"),
      (
        "custodians: [leader, officer]",
        "custodians: [leader, officer, leader, leader, leader, leader, leader, leader, leader, leader, leader, leader, leader, leader, "
          + "leader, leader, leader]",
        "line 14: pins.second-user.custodians has more than 16 names"
      ),
      ("listener: officer", "listener: leader", "line 48: steps.read.listener is the reader"),
      (
        "action: gate, actor: leader, text: We go on., participants: [leader, officer]", "action: human, actor: leader, text: x",
        "line 35: steps.init changes a token, and no gate stands before it"
      ),
    ])
  func people(from: String, to: String, message: String) { expect(message, [(from, to)]) }

  @Test(
    "tokens and their PINs",
    arguments: [
      ("expects: blank", "expects: initialised", "line 31: steps.look.expects an initialised token, and main is blank"),
      (
        "- { id: bag", "- { id: l2, action: check-token, actor: officer, token: main, expects: blank }\n  - { id: bag",
        "line 47: steps.l2.expects a blank token, and the step init has initialised it"
      ),
      (
        "- { id: bag", "- { id: l2, action: check-token, actor: officer, token: second, expects: blank }\n  - { id: bag",
        "line 17: before.keys[0] is on the token second, which the steps expect to be blank"
      ),
      (
        "- { id: bag", "- { id: i2, action: initialise-token, actor: officer, token: main }\n  - { id: bag",
        "line 47: steps.i2.token is initialised by the step init already"
      ),
      (
        "- { id: init", "- { id: g2, action: generate-key, actor: officer, token: main, key: a, algorithm: rsa-2048 }\n  - { id: init",
        "line 35: steps.g2.token is main, which is blank until a step initialises it"
      ),
      (", security-officer-pin: officer-pin", "", "line 35: steps.init needs the security officer's PIN of main"),
      (
        "user-pin: second-user", "user-pin: second-user, security-officer-pin: user",
        "line 10: tokens.second.security-officer-pin is needed by"
      ),
      ("security-officer-pin: officer-pin", "security-officer-pin: user", "line 9: tokens.main.security-officer-pin is the user PIN too"),
      (
        "action: share-pin, actor: leader, pin: officer-pin", "action: human, actor: leader, text: x",
        "steps.init needs the PIN officer-pin"
      ),
      (
        "action: combine-pin, actor: leader, pin: second-user", "action: human, actor: leader, text: x",
        "steps.renew needs the PIN second-user"
      ),
      ("action: combine-pin", "action: share-pin", "line 34: steps.have-pin.pin is the PIN that the token second has already"),
      (
        "combine-pin, actor: leader, pin: second-user", "combine-pin, actor: leader, pin: user",
        "steps.have-pin.pin is user, which comes from"
      ),
      (
        "- { id: have-pin", "- { id: again, action: share-pin, actor: leader, pin: officer-pin }\n  - { id: have-pin",
        "line 34: steps.again.pin is generated by the step so-pin already"
      ),
      ("to: user-2", "to: user", "line 36: steps.new-pin.to is a PIN that the token main has already"),
      ("to: user-2", "to: officer-pin", "line 36: steps.new-pin.to is a PIN that the token main has already"),
      ("on: second", "on: main", "line 45: steps.copy.on is the token of the key itself"),
    ])
  func tokens(from: String, to: String, message: String) { expect(message, [(from, to)]) }

  @Test(
    "keys, certificates and files, in the order of the steps",
    arguments: [
      (
        "token: main, key: k, output: proof", "token: main, key: other, output: proof", "line 38: steps.prove.key is other, which is not on"
      ),
      (
        "- { id: bag", "- { id: g2, action: generate-key, actor: officer, token: main, key: k, algorithm: rsa-2048 }\n  - { id: bag",
        "line 47: steps.g2.key is k, which is on the token main already"
      ),
      (
        "- { id: bag", "- { id: d2, action: destroy-key, actor: officer, token: second, key: old }\n  - { id: bag",
        "line 47: steps.d2.key is old, which the step destroy destroys"
      ),
      (
        "- { id: bag", "- { id: d2, action: destroy-key, actor: officer, token: main, key: k }\n  - { id: bag",
        "line 47: steps.d2.key is k, for which the step import imports a certificate"
      ),
      (
        "- { id: bag", "- { id: d2, action: destroy-key, actor: officer, token: main, key: k, even-if-certified: true }\n  - { id: bag",
        "line 29: ceremony-key is destroyed by the step d2"
      ),
      (
        "ceremony-key: { token: main, key: k }", "ceremony-key: { token: main, key: x }",
        "line 29: ceremony-key x on main is not there at the"
      ),
      (
        "token: second, certificate: payroll, output", "token: main, certificate: payroll, output",
        "line 41: steps.renew.certificate is payroll"
      ),
      ("certificate: new, output", "certificate: old, output", "line 42: steps.prove-2.certificate is old, which is not in use"),
      (
        "certificate: new, customer", "certificate: payroll, customer",
        "line 40: steps.enrol.certificate is payroll, which is there already"
      ),
      ("hash: sha256", "hash: sha384", "line 44: steps.sign.hash is sha384, with which no ecdsa-p256 key signs"),
      ("subject: \"CN=k,", "subject: \"CN=k,X=1,", "line 39: steps.csr.subject cannot be read: X is not known here"),
      ("subject: \"CN=k,", "subject: \"k,", "line 39: steps.csr.subject cannot be read: a part has no ="),
      (
        "- { id: look",
        "- { id: r0, action: read-aloud, actor: leader, of: output, output: proof, reader: leader, listener: officer }\n  - { id: look",
        "line 31: steps.r0.output is proof, which no earlier step has written"
      ),
      (
        "- { id: enrol",
        "- { id: e0, action: enrol-certificate, actor: officer, token: main, certificate: z, customer-id: 1, customer-name: A, "
          + "order: first-order }\n  - { id: enrol",
        "line 41: steps.enrol.order is used by the step e0 already"
      ),
    ])
  func keys(from: String, to: String, message: String) { expect(message, [(from, to)]) }

  private func expect(_ message: String, _ changes: [(from: String, to: String)], sourceLocation: SourceLocation = #_sourceLocation) {
    let mistakes = PlanFixture.mistakes(in: PlanFixture.changed(changes))
    #expect(mistakes.contains { $0.rule == .planSense && $0.message.contains(message) }, "\(mistakes)", sourceLocation: sourceLocation)
    #expect(mistakes.allSatisfy { $0.hint?.isEmpty == false && $0.message.hasPrefix("line ") }, sourceLocation: sourceLocation)
  }
}
